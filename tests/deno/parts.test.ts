// The parts of `deno task test` run in their order, after those that they need.
import { assertEquals, assertRejects } from "@std/assert";
import { after, type Part, runParts } from "../../tools/runner/report.ts";

const counts = { passed: 1, failed: 0, skipped: 0 };

/** A part that notes when it begins and ends. */
function part(name: string, notes: string[], run = () => Promise.resolve()): Part {
  return {
    name,
    run: async () => {
      notes.push(`${name} begins`);
      await run();
      notes.push(`${name} ends`);
      return counts;
    },
  };
}

Deno.test("a part begins when those that it needs have ended, even if they have failed", async () => {
  const notes: string[] = [];
  const slow = part("slow", notes, () => new Promise((over) => setTimeout(over)));
  const fails = part("fails", notes, () => Promise.reject(new Error("no")));
  const needy = after([slow, fails], [part("needy", notes)]);
  const all = await runParts([...needy, slow, fails, part("other", notes)]);
  assertEquals(notes.indexOf("needy begins"), notes.indexOf("slow ends") + 1);
  assertEquals(notes.at(-1), "needy ends");
  assertEquals(all.map(({ failed }) => failed).sort(), [0, 0, 0, 1]);
});

Deno.test("four parts run at a time, and one that mostly waits", async () => {
  const most = { busy: 0, waiting: 0 };
  const now = { busy: 0, waiting: 0 };
  const counted = (kind: "busy" | "waiting") => async () => {
    most[kind] = Math.max(most[kind], ++now[kind]);
    await new Promise((over) => setTimeout(over));
    now[kind]--;
  };
  const busy = Array.from({ length: 9 }, (_, n) => part(`busy ${n}`, [], counted("busy")));
  const waiting = Array.from({ length: 3 }, (_, n): Part => (
    { ...part(`waiting ${n}`, [], counted("waiting")), waits: true }
  ));
  assertEquals((await runParts([...waiting, ...busy])).length, 12);
  assertEquals(most, { busy: 4, waiting: 1 });
});

Deno.test("a part may add others", async () => {
  const notes: string[] = [];
  const parts: Part[] = [];
  const adds = part("adds", notes, () => {
    parts.push(...after([adds], [part("added", notes)]));
    return Promise.resolve();
  });
  parts.push(adds);
  assertEquals((await runParts(parts)).length, 2);
  assertEquals(notes, ["adds begins", "adds ends", "added begins", "added ends"]);
});

Deno.test("parts that can never begin fail the run", async () => {
  const missing = part("missing", []);
  const needy = after([missing], [part("needy", [])]);
  await assertRejects(
    () => runParts(needy),
    Error,
    "Cannot run parts before what they need: needy",
  );
});
