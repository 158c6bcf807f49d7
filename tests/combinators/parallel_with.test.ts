import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ConfigError, parallel, pipeline, step } from "@runsheet/runsheet";
import { deferred, drain } from "../support/deferred.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { boom, fail, logged } from "../support/steps.ts";

describe("parallel.with", () => {
  it("runs no more at once than its concurrency", async () => {
    let now = 0;
    let most = 0;
    const flying = (name: string) =>
      step({
        name,
        run: async () => {
          most = Math.max(most, ++now);
          await drain();
          now--;
        },
      });
    const steps = ["a", "b", "c", "d", "e"].map(flying);
    dataOf(
      await pipeline({ name: "p", steps: [parallel.with({ concurrency: 2 })(...steps)] }).run(),
    );
    assertEquals(most, 2);
  });

  it("starts no further branch after a failure", async () => {
    const log: string[] = [];
    const group = parallel.with({ concurrency: 1 })(logged("a", log), fail, logged("c", log));
    failureOf(await pipeline({ name: "p", steps: [group] }).run());
    assertEquals(log, ["a", "undo a"]);
  });

  it("lets the others finish with onFailure 'settle', and then fails and undoes", async () => {
    const log: string[] = [];
    const slow = deferred();
    const a = step({
      name: "a",
      run: async (_ctx, { signal }) => {
        await slow.promise;
        log.push(signal.aborted ? "a was aborted" : "a");
      },
      rollback: () => void log.push("undo a"),
    });
    const group = parallel.with({ onFailure: "settle" })(fail, a, logged("b", log));
    const running = pipeline({ name: "p", steps: [group] }).run();
    await drain();
    slow.resolve();
    const failure = failureOf(await running);
    assertEquals(log, ["b", "a", "undo b", "undo a"]);
    assertStrictEquals(failure.error, boom);
  });

  for (const concurrency of [0, -1, 1.5, NaN]) {
    it(`refuses the concurrency ${concurrency}`, () => {
      assertEquals(
        assertThrows(() => parallel.with({ concurrency }), ConfigError).message,
        `Cannot create parallel() as 'concurrency' must be a positive integer: current value is ${concurrency}`,
      );
    });
  }

  it("refuses unknown options", () => {
    assertEquals(
      assertThrows(() => parallel.with({ onFailure: "ignore" as never }), ConfigError).message,
      `Cannot create parallel() as 'onFailure' must be among abort, settle, collect: current value is "ignore"`,
    );
    assertThrows(
      () => parallel.with({ concurency: 1 } as never),
      ConfigError,
      "its options must be among",
    );
  });
});
