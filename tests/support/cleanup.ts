import { afterEach } from "node:test";
import { FakeTime } from "@std/testing/time";

/** The result of {@linkcode cleanups}. */
export interface Cleanups {
  /** Registers a callback to call after the test, the latest first. */
  after: (restore: () => void) => void;
  /** Fakes the time until the end of the test. */
  fakeTime: () => FakeTime;
}

/** Call it inside `describe`, where Deno does not call `t.after` of tests. */
export function cleanups(): Cleanups {
  const due: (() => void)[] = [];
  const after: Cleanups["after"] = (restore) => void due.push(restore);
  afterEach(() => {
    for (const restore of due.splice(0).reverse()) restore();
  });
  const fakeTime = () => {
    const time = new FakeTime();
    after(() => time.restore());
    return time;
  };
  return { after, fakeTime };
}
