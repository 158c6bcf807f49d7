// The part of examples/temporal that makes calls in another process: it needs nothing of Temporal.
import { assertMatch, assertRejects } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";
import { assertConforms, conform, inProcess, type SagaEnding } from "@runsheet/runsheet/testing";
import { callsOf } from "../../examples/temporal/make_call.ts";
import { Journal, journalHost } from "../support/journal_engine.ts";

Deno.test("a run ends as it must if each call is made in a process that was only told the outcomes", async () => {
  const waitMs = 100;
  // The timeout of a pipeline does not reach a call in another process, which these two wait for.
  const endings: SagaEnding[] = ["succeeds", "fails", "is cancelled"];
  const report = await conform((outside) => {
    const journal = new Journal();
    const target = inProcess((saga, mortal) => ({
      run(args, { runId }) {
        const makeCall = callsOf(saga);
        const host = journalHost(
          journal,
          mortal(journal),
          codec(),
          (id, told) => makeCall(JSON.parse(JSON.stringify({ id, runId, args, told }))),
        );
        return saga.run(args, { runId, host });
      },
      send: (_runId, _name, data) => Promise.resolve(journal.send(data)),
      cancel: () => Promise.resolve(journal.cancel()),
    }), { waitMs });
    return target(outside);
  }, { waitMs, endings, every: 3, concurrency: 8, patienceMs: 60_000 });
  // An engine fences off a worker that wakes up; this one does not.
  assertConforms({ runs: report.runs.filter(({ name }) => !name.includes("stalls")) });
});

Deno.test("a call is refused if its pipeline is not the one that began the run", async () => {
  const pay = step({ name: "pay", run: () => {} });
  const makeCall = callsOf(pipeline({ name: "order", steps: [pay] }));
  const call = { runId: "order-1", args: {}, told: [] };
  const isChanged = "its pipeline must be the one that began it";
  await assertRejects(
    () => makeCall({ ...call, id: "charge@1" }),
    Error,
    `Cannot make 'charge@1' of run 'order-1' as ${isChanged}: 'order' does not ask for 'charge@1' here`,
  );
  await assertRejects(
    () => makeCall({ ...call, id: "ship@1", told: [{ id: "charge@1", out: "{}" }] }),
    Error,
    `Cannot make 'ship@1' of run 'order-1' as ${isChanged}: 'order' does not ask for 'charge@1' here`,
  );
});

Deno.test("a failure is printed where there is no DOMException, as in Temporal's workflows", async () => {
  const result = await step({ name: "pay", run: () => Promise.reject(new Error("no")) }).run({});
  const given = Object.getOwnPropertyDescriptor(globalThis, "DOMException")!;
  delete (globalThis as { DOMException?: unknown }).DOMException;
  try {
    assertMatch(JSON.stringify(result), /"message":"no"/);
  } finally {
    Object.defineProperty(globalThis, "DOMException", given);
  }
});
