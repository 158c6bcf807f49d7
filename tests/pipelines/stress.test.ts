import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { spawnScript } from "../support/spawn.ts";

interface Counted {
  runs: number;
  most: number;
  now: number;
  effects: number;
  undos: number;
  succeeded: number;
  aborted: number;
  stuck: number;
  late: number;
  balanced: boolean;
  wrong: unknown[];
}

describe("10,000 concurrent runs of one nested pipeline with random faults", () => {
  it("balance their books to the unit", async () => {
    const { code, stdout, stderr } = await spawnScript("stress", ["1"]);
    assertEquals(code, 0, stderr);
    const counted: Counted = JSON.parse(stdout);
    const { runs, most, now, balanced, wrong, succeeded, aborted, stuck, late } = counted;
    assertEquals({ runs, most, now, balanced, wrong }, {
      runs: 10_000,
      most: 10_000,
      now: 0,
      balanced: true,
      wrong: [],
    });
    // Without enough of each outcome, it would prove nothing.
    for (const count of [succeeded, runs - succeeded - aborted, aborted, stuck, late]) {
      assert(count > 100, stdout);
    }
  });
});
