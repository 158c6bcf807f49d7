// No observer changes a run, whatever it does; each of its faults surfaces once.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { hostileObservers } from "../support/hostile_observers.ts";
import { spawnScript } from "../support/spawn.ts";

describe("an observer that does wrong", () => {
  it("changes no run, and each of its faults is one unhandled error", async () => {
    const { stdout, stderr, code } = await spawnScript("hostile_observers", ["20"]);
    assertEquals(stderr, "");
    const expected = Object.keys(hostileObservers)
      .map((name) => `${name}: as without it, 0 errors too many`);
    assertEquals([stdout.trim().split("\n"), code], [expected, 0]);
  });
});
