import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bugs, messageOf } from "../support/planted_bugs.ts";

/**
 * The message about each case, without the list of equal cases; the fakes continue to count charges
 * from run to run.
 */
function blocks(message: string): string[] {
  return message.replaceAll(/ch_\d+/g, "ch_n").replaceAll(/\n {4}the same in .+/g, "")
    .split(/\n(?= {2}\S)/).filter((block) => block.includes("only: "));
}

describe("a sweep names", () => {
  for (const [what, bug] of Object.entries(bugs)) {
    it(what, async () => {
      const message = await messageOf(bug);
      for (const name of bug.names) assertStringIncludes(message, name);
    });
  }

  it("at least ten kinds of bugs", () => assert(Object.keys(bugs).length >= 10));

  it("the option to run the case alone, which then finds the same", async () => {
    for (const bug of Object.values(bugs)) {
      const message = await messageOf(bug);
      for (const [, only] of message.matchAll(/only: "(.+)"/g)) {
        const alone = await messageOf(bug, only);
        const [found] = blocks(alone);
        assert(
          found && blocks(message).includes(found),
          `${only} alone gives:\n${alone}\nnot:\n${message}`,
        );
        assertEquals(alone.match(/only: /g)?.length, 1, alone);
        assertEquals(alone.includes("the same in"), false, alone);
      }
    }
  });

  it("all cases with the same finding, each of which finds it alone", async () => {
    for (const bug of Object.values(bugs)) {
      const message = await messageOf(bug);
      for (
        const [, left, , places] of message.matchAll(
          /:\n((?: {4}.+\n)+?) {4}to run (.+)\n {4}the same in (.+)/g,
        )
      ) {
        for (const [, id, faults] of places!.matchAll(/(\S.*?) \(([a-z, ]+)\)(?:, |$)/g)) {
          for (const fault of faults!.split(", ")) {
            const alone = await messageOf(bug, `${id}: ${fault}`);
            const same = (text: string) =>
              text.replaceAll(/ch_\d+/g, "ch_n").replaceAll(" when the run fails later", "")
                .trimEnd()
                .split("\n").sort();
            const [, found] = /:\n((?: {4}.+\n)+?) {4}to run/.exec(alone) ?? [];
            assertEquals(same(found ?? alone), same(left!), alone);
          }
        }
      }
    }
  });
});
