import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  choice,
  distribute,
  filter,
  flatMap,
  map,
  parallel,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { RecordingHost, ReorderingHost, ReplayingHost, SuspendingHost } from "../support/hosts.ts";
import { dataOf, plainOf } from "../support/results.ts";
import { fail, logged } from "../support/steps.ts";

/** A pipeline with each combinator, and a log of the user code that ran. */
function everything(log: string[]) {
  const send = step({
    name: "send",
    run: (ctx: { item: number }) => {
      log.push(`send ${ctx.item}`);
      return { sent: ctx.item };
    },
    rollback: (_ctx, { sent }) => void log.push(`unsend ${sent}`),
  });
  const ask = (name: string, answer: boolean) => () => {
    log.push(`ask ${name}`);
    return answer;
  };
  return [
    when(ask("a", true), logged("a", log)),
    choice([ask("b", false), logged("b", log)], logged("c", log)),
    parallel(logged("d", log), logged("e", log)),
    map("doubled", () => [1, 2], (n) => n * 2),
    filter("even", () => [1, 2], (n) => n % 2 === 0),
    flatMap("pairs", () => [1, 2], (n) => [n, n]),
    map("mapped", () => [7], send, { as: "item" }),
    step({ name: "lists", run: () => ({ items: [8, 9] }) }),
    distribute("mails", { items: "item" }, send),
  ] as const;
}

describe("the ids of calls inside combinators", () => {
  it("are made of names and item indexes along the path, and unique", async () => {
    const host = new RecordingHost();
    dataOf(await pipeline({ name: "p", steps: everything([]) }).run({}, { host }));
    const ids = host.calls.map(({ id, kind }) => `${kind} ${id}`);
    assertEquals(ids, [
      "predicate when(a)?",
      "attempt when(a)/a@1",
      "predicate choice(b, c)?b",
      "attempt choice(b, c)/c@1",
      "attempt parallel(d, e)/d@1",
      "attempt parallel(d, e)/e@1",
      "item map(doubled)[0]",
      "item map(doubled)[1]",
      "predicate filter(even)[0]",
      "predicate filter(even)[1]",
      "item flatMap(pairs)[0]",
      "item flatMap(pairs)[1]",
      "attempt map(mapped)[0]/send@1",
      "attempt lists@1",
      "attempt distribute(mails)[0]/send@1",
      "attempt distribute(mails)[1]/send@1",
    ]);
    assertEquals(new Set(ids).size, ids.length);
  });
});

describe("a run of combinators", () => {
  for (const [how, more] of Object.entries({ succeeds: [], "fails and is undone": [fail] })) {
    it(`that ${how} is replayed from its record, and no user code starts again`, async () => {
      const log: string[] = [];
      const p = pipeline({ name: "p", steps: [...everything(log), ...more] });
      const recording = new RecordingHost();
      const first = await p.run({}, { host: recording, runId: "r" });
      const before = log.length;
      assert(before > 0);
      const again = await p.run({}, { host: new ReplayingHost(recording.outcomes), runId: "r" });
      assertEquals(log.length, before);
      assertEquals(plainOf(again), plainOf(first));
    });
  }

  it("rejects with the host's own signal when it suspends in the middle of a group, and undoes nothing", async () => {
    const log: string[] = [];
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "parallel(d, e)/e@1");
    const p = pipeline({ name: "p", steps: everything(log) });
    const reason = await assertRejects(() => p.run({}, { host }));
    assertEquals(reason, host.reason);
    assertEquals(log.filter((line) => line.startsWith("undo")), []);
  });

  it("has the same result in whatever order the host makes the calls of a group", async () => {
    const plain = dataOf(await pipeline({ name: "p", steps: everything([]) }).run());
    for (let seed = 1; seed <= 10; seed++) {
      const host = new ReorderingHost(seed);
      const p = pipeline({ name: "p", steps: everything([]) });
      assertEquals(dataOf(await p.run({}, { host })), plain);
      assert(host.most > 1);
    }
  });
});
