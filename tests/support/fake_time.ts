import { FakeTime } from "@std/testing/time";

/**
 * A test body with faked time, restored whatever happens. Not by `t.after`: Deno calls that only when the whole suite
 * is over.
 */
export function withFakeTime(body: (time: FakeTime) => Promise<void>): () => Promise<void> {
  return async () => {
    const time = new FakeTime();
    try {
      await body(time);
    } finally {
      time.restore();
    }
  };
}
