// Replays the recorded histories in Temporal's worker, which needs no server for that, and carries
// out each order once more: `node --test replay.test.ts`, on Node 24.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, it } from "node:test";
import { codec } from "@runsheet/runsheet/durable";
import { defaultPayloadConverter } from "@temporalio/common";
import { historyFromJSON } from "@temporalio/common/lib/proto-utils.js";
import { Worker, type WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { bundleWorkflows, orders, record, recordOrder } from "./record.ts";

/** The part of a history that the tests look at. */
interface Course {
  readonly calls: readonly string[];
  /** The seconds of each timer. */
  readonly waits: readonly number[];
  readonly failedStep?: string | undefined;
}

const branch = "parallel(pack, invoice)";
const untilCharge = ["reserve@1", `${branch}/invoice@1`, `${branch}/pack@1`];
const unwinding = [`${branch}/pack@1!defer1`, "reserve!undo"];

const courses: Record<string, Course & { effects: string }> = {
  shipped: {
    calls: [...untilCharge, "charge@1", "ship@1"],
    waits: [86_400, 3_600],
    effects: "reserve, invoice, pack, charge, ship",
  },
  retried: {
    calls: [...untilCharge, "charge@1", "charge@2", "ship@1"],
    waits: [1, 86_400, 3_600],
    effects: "reserve, invoice, pack, charge, charge, ship",
  },
  declined: {
    calls: [...untilCharge, "charge@1", ...unwinding],
    waits: [],
    failedStep: "charge",
    effects: "reserve, invoice, pack, charge, unpack, release",
  },
  unanswered: {
    calls: [...untilCharge, "charge@1", "charge!undo", ...unwinding],
    waits: [86_400],
    failedStep: "approval",
    effects: "reserve, invoice, pack, charge, refund, unpack, release",
  },
  cancelled: {
    calls: [...untilCharge, "charge@1", "charge!undo", ...unwinding],
    waits: [86_400],
    failedStep: "approval",
    effects: "reserve, invoice, pack, charge, refund, unpack, release",
  },
};

let workflowBundle: WorkflowBundleWithSourceMap;

before(async () => {
  workflowBundle = await bundleWorkflows();
});

function recorded(name: string): Promise<string> {
  return readFile(new URL(`./histories/${name}.json`, import.meta.url), "utf8");
}

function replay(name: string, history: string): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle }, JSON.parse(history), name);
}

function resultOf(history: string): unknown {
  const end = historyFromJSON(JSON.parse(history)).events?.at(-1);
  const result = end?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  assert.ok(result, "the workflow must have completed");
  return defaultPayloadConverter.fromPayload(result);
}

function courseOf(history: string): Course {
  const events = historyFromJSON(JSON.parse(history)).events ?? [];
  const { failedStep } = codec().decode(String(resultOf(history))) as { failedStep?: string };
  return {
    calls: events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityId ?? []),
    waits: events.flatMap(({ timerStartedEventAttributes: timer }) =>
      timer ? Number(timer.startToFireTimeout?.seconds) : []
    ),
    failedStep,
  };
}

describe("a recorded order", () => {
  for (const [name, { effects: _, ...course }] of Object.entries(courses)) {
    it(`is replayed if it was ${name}`, async () => {
      const history = await recorded(name);
      assert.deepEqual(courseOf(history), { failedStep: undefined, ...course });
      await replay(name, history);
    });
  }

  it("of another pipeline is refused by the names of the calls", async () => {
    const history = (await recorded("shipped")).replaceAll("charge@", "pay@");
    await assert.rejects(
      replay("shipped", history),
      /Activity id of scheduled event 'pay@1' does not match activity id of activity command 'charge@1'/,
    );
  });
});

describe("an order on a worker that replays every task", { concurrency: true }, () => {
  for (const name of Object.keys(orders)) {
    it(`makes each effect once if it is ${name}`, async () => {
      const { effects: expected, ...course } = courses[name]!;
      const { history, effects } = await recordOrder(name, workflowBundle);
      assert.deepEqual(courseOf(history), { failedStep: undefined, ...course });
      assert.equal(effects.map((effect) => effect.split(" ")[0]).join(", "), expected);
    });
  }
});

it("a failure is printed in the sandbox", async () => {
  const start = { workflowId: "failure", workflowType: "printed", args: [], happenings: [] };
  const { history } = await record(start, workflowBundle);
  assert.match(String(resultOf(history)), /"message":"the workflow has failed"/);
});

it("the sandbox lacks these globals", async () => {
  const names = ["AbortController", "AbortSignal", "DOMException", "crypto", "performance"];
  const args = [[...names, "queueMicrotask", "setTimeout", "structuredClone", "WeakMap"]];
  const start = { workflowId: "globals", workflowType: "missingGlobals", args, happenings: [] };
  const { history } = await record(start, workflowBundle);
  const missing = ["AbortSignal", "DOMException", "crypto", "performance"];
  assert.deepEqual(resultOf(history), [...missing, "queueMicrotask", "structuredClone"]);
});
