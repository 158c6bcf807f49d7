import { afterEach } from "node:test";
import { FakeTime } from "@std/testing/time";

/** What {@linkcode cleanups} gives. */
export interface Cleanups {
  /** Calls back after the test, the latest first. */
  after: (restore: () => void) => void;
  /** Fakes the time until the test is over. */
  fakeTime: () => FakeTime;
}

/** To be called inside `describe`: Deno does not call `t.after` of the tests in there. */
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
