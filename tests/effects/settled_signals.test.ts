import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Host, map, parallel, pipeline, type RunInfo, step } from "@runsheet/runsheet";
import { failing } from "../support/effects/flow.ts";
import { failureOf } from "../support/results.ts";
import { cleanups } from "../support/cleanup.ts";
import { untilRest } from "../support/effects/until_rest.ts";

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const host: Host = { perform: (_call, fn) => fn(), sleep: (_call, ms) => pass(ms) };

/** The ways in which an attempt may end before the run is aborted. */
const ways: Record<string, {
  readonly run: (info: Pick<RunInfo, "attempt">) => unknown;
  readonly timeout?: number;
  readonly host?: Host;
}> = {
  "at once": { run: () => {} },
  "later": { run: () => pass(5) },
  "at once, under a timeout": { run: () => {}, timeout: 50 },
  "later, under a timeout": { run: () => pass(5), timeout: 50 },
  "by a failure at once": {
    run: ({ attempt }) => {
      if (attempt === 1) throw new Error("no");
    },
  },
  "by a failure later": {
    run: async ({ attempt }) => {
      await pass(5);
      if (attempt === 1) throw new Error("no");
    },
  },
  "by a failure at once, under a timeout": {
    run: ({ attempt }) => {
      if (attempt === 1) throw new Error("no");
    },
    timeout: 50,
  },
  "by a failure later, under a timeout": {
    run: async ({ attempt }) => {
      await pass(5);
      if (attempt === 1) throw new Error("no");
    },
    timeout: 50,
  },
  "by a call of a host": { run: () => pass(5), host },
};

describe("the signal of an attempt that has ended", () => {
  const { fakeTime } = cleanups();

  for (const [way, { run, timeout, host }] of Object.entries(ways)) {
    for (const cause of ["its run is aborted", "a step beside it fails"]) {
      it(
        `stays as it is when ${cause}, after it has ended ${way}`,
        async () => {
          const time = fakeTime();
          const signals: AbortSignal[] = [];
          const charge = step({
            name: "charge",
            timeout,
            retry: { count: 1 },
            run: (_ctx, info): Promise<void> => {
              signals.push(info.signal);
              return run(info) as Promise<void>;
            },
          });
          const items = map("items", () => [1], (_item, _ctx, info) => {
            signals.push(info.signal);
            return run({ attempt: 2 });
          });
          const aborter = new AbortController();
          const isAborted = cause === "its run is aborted";
          if (isAborted) setTimeout(() => aborter.abort(), 40);
          const waiting = step({ name: "waiting", run: () => pass(50) });
          const inner = pipeline({ name: "inner", steps: [charge, items, waiting] });
          const beside = failing((done) => setTimeout(done, 40));
          const p = pipeline({ name: "p", steps: [isAborted ? inner : parallel(inner, beside)] });
          const options = { host, ...(isAborted && { signal: aborter.signal }) };
          failureOf(await untilRest(time, p.run({}, options)));
          assertEquals(signals.map(({ aborted }) => aborted), signals.map(() => false));
          assert(signals.length > 1);
        },
      );
    }
  }

  it(
    "has aborted if the attempt was given up",
    async () => {
      const time = fakeTime();
      let told: AbortSignal | undefined;
      const charge = step({
        name: "charge",
        timeout: 5,
        run: (_ctx, { signal }) => {
          told = signal;
          return pass(50);
        },
      });
      await untilRest(time, charge.run({}));
      assertEquals(told?.aborted, true);
    },
  );
});
