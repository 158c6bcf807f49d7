// Fake clocks move every timeout and wait of the engine. vitest's own is tested by tools/gates/vitest.ts.
import * as nodeTest from "node:test";
import { describe, it } from "node:test";
import { FakeTime } from "@std/testing/time";
// @ts-types="@types/sinonjs__fake-timers"
import FakeTimers from "@sinonjs/fake-timers";
import { cleanups } from "../support/cleanup.ts";
import { type Clock, clockCases, moves } from "../support/clock_cases.ts";

const clocks: Record<string, () => Clock> = {
  "FakeTime of std": () => {
    const time = new FakeTime();
    return { tick: (ms) => time.tickAsync(ms), restore: () => time.restore() };
  },
  "sinon": () => {
    const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    return { tick: (ms) => clock.tickAsync(ms), restore: () => clock.uninstall() };
  },
  "node:test": () => {
    const { timers } = nodeTest.mock;
    timers.enable({ apis: ["setTimeout"] });
    return { tick: (ms) => timers.tick(ms), restore: () => timers.reset() };
  },
};

for (const [name, install] of Object.entries(clocks)) {
  describe(`the clock of ${name} moves`, () => {
    const { after } = cleanups();
    for (const [what, moved] of Object.entries(clockCases)) {
      it(what, async () => {
        const clock = install();
        after(() => clock.restore());
        await moves(clock, moved);
      });
    }
  });
}
