import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { spawnScript } from "./spawn.ts";

describe("spawnScript", () => {
  it("returns the exit code and both outputs", async () => {
    const { code, stdout, stderr } = await spawnScript("exit", ["7", "a", "b"]);
    assertEquals(code, 7);
    assertEquals(stdout.trim(), "a b");
    assertStringIncludes(stderr, "exiting with 7");
  });

  it("kills the process on abort", async () => {
    const aborter = new AbortController();
    const ended = spawnScript("exit", [], { signal: aborter.signal });
    aborter.abort();
    assertEquals((await ended).code, null);
  });

  it("refuses a script that does not exist", () => {
    assertThrows(() => spawnScript("no_such"), Error, "processes/no_such.ts");
  });
});
