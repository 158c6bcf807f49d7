// Random flows that recover: by retries of steps and of whole pipelines, by alternatives, and
// without failed items; and that commit. A model says what each does, undoes and keeps, in order.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc, { type Arbitrary } from "fast-check";
import { type AnyStep, fallback, map, parallel, pipeline, step } from "@runsheet/runsheet";
import { RecordingHost, ReplayingHost } from "../support/hosts.ts";
import { propertyOfKinds } from "../support/property.ts";

interface Leaf {
  readonly kind: "leaf";
  readonly id: number;
  /** The number of its calls that fail, over all attempts of all pipelines around it. */
  readonly failures: number;
  /** Whether its first output after that is refused. */
  readonly isRefused: boolean;
  readonly retries: number;
  /** Whether it defers the undo of a part before it fails or succeeds. */
  readonly hasPart: boolean;
  readonly hasRollback: boolean;
  readonly isPivot: boolean;
}

type Flow =
  | Leaf
  | { readonly kind: "pipeline"; id: number; retries: number; children: readonly Flow[] }
  | { readonly kind: "fallback"; id: number; children: readonly [Flow, Flow] }
  | { readonly kind: "group"; id: number; children: readonly Flow[] }
  | { readonly kind: "items"; id: number; count: number; children: readonly [Flow] };

const often = fc.integer({ min: 0, max: 5 }).map((n) => Math.max(0, n - 2));
const leaf: Arbitrary<Flow> = fc.record({
  kind: fc.constant("leaf" as const),
  id: fc.constant(0),
  failures: often,
  isRefused: fc.integer({ min: 0, max: 7 }).map((n) => n === 7),
  retries: fc.nat({ max: 1 }),
  hasPart: fc.boolean(),
  hasRollback: fc.boolean(),
  isPivot: fc.integer({ min: 0, max: 3 }).map((n) => n === 3),
});

function inner(child: Arbitrary<Flow>): Arbitrary<Flow> {
  const id = fc.constant(0);
  const children = fc.array(child, { minLength: 1, maxLength: 4, size: "max" });
  return fc.oneof(
    child,
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("pipeline" as const),
        id,
        retries: often,
        children,
      }),
    },
    fc.record({ kind: fc.constant("fallback" as const), id, children: fc.tuple(child, child) }),
    fc.record({ kind: fc.constant("group" as const), id, children }),
    fc.record({
      kind: fc.constant("items" as const),
      id,
      count: fc.nat({ max: 2 }),
      children: fc.tuple(child),
    }),
  ) as Arbitrary<Flow>;
}

/** Flows of depth up to 3. Groups and items have no pivots, which they would refuse. */
const flows = fc.array(inner(inner(inner(leaf))), { minLength: 1, maxLength: 4, size: "max" })
  .map((children): Flow => {
    let next = 0;
    const visit = (flow: Flow, mayCommit: boolean): Flow => {
      const id = next++;
      if (flow.kind === "leaf") return { ...flow, id, isPivot: flow.isPivot && mayCommit };
      const inside = mayCommit && flow.kind !== "group" && flow.kind !== "items";
      return { ...flow, id, children: flow.children.map((child) => visit(child, inside)) } as Flow;
    };
    return visit({ kind: "pipeline", id: 0, retries: 0, children }, true);
  });

/** Everything observable about a run. */
interface Told {
  readonly success: boolean;
  /** The id of the last pivot, if the run has failed after it. */
  readonly committed: number | undefined;
  readonly log: readonly string[];
}

function build(flow: Flow, log: string[], calls: Map<number, number>): AnyStep {
  if (flow.kind === "leaf") return leafOf(flow, log, calls);
  const steps = flow.children.map((child) => build(child, log, calls));
  const [first, second] = steps as [AnyStep, AnyStep];
  const { id } = flow;
  switch (flow.kind) {
    case "pipeline":
      return pipeline({ name: `p${id}`, steps, retry: { count: flow.retries } });
    case "fallback":
      return fallback(first, second);
    case "group":
      return parallel.with({ concurrency: 1, onFailure: "settle" })(...steps);
    case "items": {
      const items = () => Array.from({ length: flow.count }, () => ({}));
      return map(`k${id}`, items, first, { concurrency: 1, onFailure: "collect" });
    }
  }
}

function leafOf(leaf: Leaf, log: string[], calls: Map<number, number>): AnyStep {
  const { id, failures, isRefused, retries, hasPart, hasRollback, isPivot } = leaf;
  return step({
    name: `s${id}`,
    retry: { count: retries },
    pivot: isPivot,
    run: (_ctx, { defer }) => {
      const nth = (calls.get(id) ?? 0) + 1;
      calls.set(id, nth);
      if (hasPart) {
        log.push(`part ${id}#${nth}`);
        defer(() => void log.push(`undo part ${id}#${nth}`));
      }
      if (nth <= failures) throw new Error(`${id}#${nth}`);
      log.push(`do ${id}#${nth}`);
      const output = { [`s${id}`]: nth };
      return isRefused && nth === failures + 1 ? [nth] as unknown as typeof output : output;
    },
    ...(hasRollback && {
      rollback: (_ctx: object, output: object) =>
        void log.push(`undo ${id}#${Object.values(output)[0]}`),
    }),
  }) as AnyStep;
}

async function play(flow: Flow): Promise<Told & { readonly replays: boolean }> {
  const log: string[] = [];
  const root = build(flow, log, new Map());
  const host = new RecordingHost();
  const result = await root.run({} as never, { host, runId: "r" });
  const told = [...log];
  const replaying = new ReplayingHost(host.outcomes);
  const again = await root.run({} as never, { host: replaying, runId: "r" });
  const committed = /s(\d+)$/.exec(result.committed ?? "")?.[1];
  return {
    success: result.success,
    committed: committed === undefined ? undefined : Number(committed),
    log: told,
    replays: JSON.stringify(again) === JSON.stringify(result) && replaying.unused.length === 0 &&
      log.length === told.length,
  };
}

interface Entry {
  readonly undo?: string;
  readonly stands: boolean;
  readonly isCommit?: boolean;
}

type Outcome = "ok" | "failed" | "invalid";

/** The same, by the rules alone: a stack, and marks on it. */
function predict(root: Flow): Told {
  const log: string[] = [];
  const calls = new Map<number, number>();
  let stack: Entry[] = [];
  let committed: number | undefined;

  const hasCommitted = (mark: number) => stack.slice(mark).some(({ isCommit }) => isCommit);

  function unwind(mark: number): void {
    const onlyFailed = hasCommitted(mark);
    for (const { undo, stands } of stack.splice(mark).reverse()) {
      if (undo !== undefined && !(onlyFailed && stands)) log.push(undo);
    }
  }

  function runLeaf(leaf: Leaf): Outcome {
    const { id, failures, isRefused, retries, hasPart, hasRollback, isPivot } = leaf;
    for (let attempt = 1;; attempt++) {
      const mark = stack.length;
      const nth = (calls.get(id) ?? 0) + 1;
      calls.set(id, nth);
      const fails = nth <= failures;
      const stands = !fails && !(isRefused && nth === failures + 1);
      if (hasPart) {
        log.push(`part ${id}#${nth}`);
        stack.push({ undo: `undo part ${id}#${nth}`, stands });
      }
      if (fails) {
        if (attempt > retries) return "failed";
        unwind(mark);
        continue;
      }
      log.push(`do ${id}#${nth}`);
      if (hasRollback) stack.push({ undo: `undo ${id}#${nth}`, stands });
      if (!stands) return "invalid";
      if (isPivot) {
        stack = [...stack.map(() => ({ stands: true })), { stands: true, isCommit: true }];
        committed = id;
      }
      return "ok";
    }
  }

  function run(flow: Flow): Outcome {
    const mark = stack.length;
    switch (flow.kind) {
      case "leaf":
        return runLeaf(flow);
      case "pipeline":
        for (let attempt = 1;; attempt++) {
          let outcome: Outcome = "ok";
          for (const child of flow.children) {
            if (outcome === "ok") outcome = run(child);
          }
          if (outcome !== "failed" || hasCommitted(mark)) return outcome;
          if (attempt > flow.retries) return "failed";
          unwind(mark);
        }
      case "fallback": {
        const [first, second] = flow.children;
        const outcome = run(first);
        if (outcome === "ok" || hasCommitted(mark)) return outcome;
        unwind(mark);
        return run(second) === "ok" ? "ok" : "failed";
      }
      case "group": {
        const failed = flow.children.map(run).filter((outcome) => outcome !== "ok");
        return failed.length > 1 ? "failed" : failed[0] ?? "ok";
      }
      case "items":
        for (let n = 0; n < flow.count; n++) {
          const item = stack.length;
          if (run(flow.children[0]) !== "ok") unwind(item);
        }
        return "ok";
    }
  }

  const success = run(root) === "ok";
  if (!success) unwind(0);
  return { success, committed: success ? undefined : committed, log };
}

describe("a random flow that recovers and commits", () => {
  it("does, undoes and keeps what the model says, and is replayed with the same result", async () => {
    await propertyOfKinds(["committed", "recovered"], flows, async (flow) => {
      const { replays, ...told } = await play(flow);
      assertEquals(told, predict(flow));
      assert(replays, "a replay must end the same, and do nothing again");
      const recovered = told.success && told.log.some((line) => line.startsWith("undo"));
      return [
        ...told.committed === undefined ? [] : ["committed"],
        ...recovered ? ["recovered"] : [],
      ];
    });
  });
});
