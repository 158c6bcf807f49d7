import fc, { type Arbitrary } from "fast-check";
import {
  type AnyStep,
  choice,
  distribute,
  fallback,
  filter,
  flatMap,
  map,
  type Middleware,
  parallel,
  pipeline,
  type RunOptions,
  step,
  unwrap,
  when,
} from "@runsheet/runsheet";

/** A tree of combinators as data. A node's `id` is its position in the tree as written. */
export type Tree =
  | Leaf
  | { readonly kind: "sequence"; id: number; readonly children: readonly Tree[] }
  | {
    readonly kind: "parallel";
    id: number;
    readonly children: readonly Tree[];
    readonly policy: Policy;
  }
  | {
    readonly kind: "when";
    id: number;
    readonly holds: boolean;
    readonly children: readonly [Tree];
  }
  | { readonly kind: "fallback"; id: number; readonly children: readonly [Tree, Tree] }
  | { readonly kind: "inside"; id: number; readonly children: readonly [Tree] }
  | { readonly kind: "recovery"; id: number; readonly children: readonly [Tree] }
  | {
    readonly kind: "choice";
    id: number;
    readonly chosen: number;
    readonly children: readonly Tree[];
  }
  | {
    readonly kind: "map" | "distribute";
    id: number;
    readonly items: number;
    readonly source: "array" | "set" | "generator" | "async generator";
    readonly policy: Policy;
    readonly children: readonly [Tree];
  }
  | {
    readonly kind: "filter" | "flatMap" | "map function";
    id: number;
    readonly items: number;
    readonly policy: Policy;
    readonly children: readonly [];
  };

/** A step with an effect. */
export interface Leaf {
  readonly kind: "leaf";
  id: number;
  /** Its duration in microtasks. */
  readonly ticks: number;
  /** The number of failing attempts, and of retries. */
  readonly failures: number;
  readonly retries: number;
  /** The kind of its undo. */
  readonly undo: "rollback" | "defer";
  readonly undoFails: boolean;
  readonly children: readonly [];
}

/** The policy of a group. */
export interface Policy {
  readonly concurrency: number;
  readonly onFailure: "abort" | "settle" | "collect";
  /** The number of its branches that are undone at once. */
  readonly undoConcurrency: number;
}

/**
 * Trees of depth up to 4; none of their leaves fails if `failing` is false. With `recovering` there
 * are fallbacks, runs inside steps, and middleware that recovers.
 */
export function trees(failing: boolean, recovering = false): Arbitrary<Tree> {
  const failures = !failing
    ? fc.constant(0)
    : recovering
    ? fc.constantFrom(0, 0, 1, 2)
    : fc.integer({ min: 0, max: 7 }).map((n) => Math.max(0, n - 4) % 3);
  const leaf: Arbitrary<Tree> = fc.record({
    kind: fc.constant("leaf" as const),
    id: fc.constant(0),
    ticks: fc.integer({ min: 0, max: 12 }),
    failures,
    retries: fc.integer({ min: 0, max: 1 }),
    undo: fc.constantFrom("rollback", "defer"),
    undoFails: failing ? fc.integer({ min: 0, max: 5 }).map((n) => n === 0) : fc.constant(false),
    children: fc.constant([] as const),
  });
  const concurrency = fc.constantFrom(1, 2, 3, Infinity);
  const undoConcurrency = fc.constantFrom(1, 1, 1, 2, Infinity);
  const onFailure = fc.constantFrom("abort", "settle");
  const group = fc.record({ concurrency, onFailure, undoConcurrency });
  const items = fc.record({
    concurrency,
    onFailure: fc.constantFrom("abort", "settle", "collect", "collect"),
    undoConcurrency,
  });
  const inner = (child: Arbitrary<Tree>): Arbitrary<Tree> => {
    const id = fc.constant(0);
    const children = fc.array(child, { minLength: 1, maxLength: 3, size: "max" });
    const only = fc.tuple(child);
    const none = fc.constant([] as const);
    const few = fc.integer({ min: 0, max: 4 });
    const source = fc.constantFrom("array", "set", "generator", "async generator");
    return fc.oneof(
      child,
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("sequence" as const), id, children }) },
      fc.record({ kind: fc.constant("parallel" as const), id, children, policy: items }),
      fc.record({ kind: fc.constant("when" as const), id, holds: fc.boolean(), children: only }),
      fc.record({ kind: fc.constant("choice" as const), id, chosen: fc.nat(2), children }),
      fc.record({
        kind: fc.constantFrom("map", "distribute"),
        id,
        items: few,
        source,
        policy: items,
        children: only,
      }),
      fc.record({
        kind: fc.constantFrom("filter", "flatMap", "map function"),
        id,
        items: few,
        policy: group,
        children: none,
      }),
      ...recovering
        ? [
          {
            weight: 3,
            arbitrary: fc.record({
              kind: fc.constant("fallback" as const),
              id,
              children: fc.tuple(child, child),
            }),
          },
          {
            weight: 3,
            arbitrary: fc.record({
              kind: fc.constantFrom("recovery", "inside"),
              id,
              children: only,
            }),
          },
        ]
        : [],
    ) as Arbitrary<Tree>;
  };
  return inner(inner(inner(inner(leaf)))).map(numbered);
}

function numbered(tree: Tree): Tree {
  let next = 0;
  const visit = (node: Tree): Tree => {
    const id = next++;
    return { ...node, id, children: node.children.map(visit) } as Tree;
  };
  return visit(tree);
}

/** The action of a leaf, called with the leaf and its path in this run. */
export type Play = (leaf: Leaf) => AnyStep;

/** Whether all branches of a tree are undone sequentially. */
export function isUndoneInTurn(tree: Tree): boolean {
  return (!("policy" in tree) || tree.policy.undoConcurrency === 1) &&
    tree.children.every(isUndoneInTurn);
}

/**
 * Turns a tree into a step. `names` receives each node by its name; `late` are options of the runs
 * inside steps.
 */
export function build(
  tree: Tree,
  play: Play,
  names: Map<string, Tree>,
  late: Pick<RunOptions, "onLate" | "waitUntil"> = {},
): AnyStep {
  const made = make(tree, play, names, late);
  names.set(made.name, tree);
  return made;
}

function make(...[tree, play, names, late]: Parameters<typeof build>): AnyStep {
  const steps = tree.children.map((child) => build(child, play, names, late));
  const [first] = steps as [AnyStep, ...AnyStep[]];
  const key = `k${tree.id}`;
  switch (tree.kind) {
    case "leaf":
      return play(tree);
    case "sequence":
      return pipeline({ name: `p${tree.id}`, steps });
    case "parallel":
      return tree.policy.onFailure === "collect"
        ? parallel.with({ ...tree.policy, onFailure: "collect", failures: key })(...steps)
        : parallel.with({ ...tree.policy, onFailure: tree.policy.onFailure })(...steps);
    case "when":
      return when(async () => await Promise.resolve(tree.holds), first);
    case "fallback":
      return fallback(first, steps[1]!);
    case "inside": {
      const inner = pipeline({ name: `q${tree.id}`, steps: [first] });
      return step({
        name: `i${tree.id}`,
        run: async (ctx: object, info) => unwrap(await inner.run(ctx, { ...info, ...late })),
      });
    }
    case "recovery":
      return pipeline({ name: `r${tree.id}`, steps: [first], middleware: [recover] });
    case "choice": {
      const chosen = tree.chosen % steps.length;
      const branches = steps.map((branch, n) => [() => n === chosen, branch] as const);
      return choice(...branches as unknown as [readonly [() => boolean, AnyStep]]);
    }
    case "map":
      return map(key, () => sourceOf(tree.source, numbers(tree.items)), first, {
        ...tree.policy,
        as: "item",
      });
    case "distribute": {
      // The step does not see the lists, so each node has its own.
      const list = `list${tree.id}`;
      const lists = step({ name: `l${tree.id}`, run: () => ({ [list]: numbers(tree.items) }) });
      const spread = distribute(
        key,
        { [list]: "item" } as Record<string, never>,
        first,
        tree.policy,
      );
      names.set(spread.name, tree);
      return pipeline({ name: `d${tree.id}`, steps: [lists, spread] });
    }
    case "filter":
      return filter(key, () => numbers(tree.items), (n) => n % 2 === 0, {
        concurrency: tree.policy.concurrency,
      });
    case "flatMap":
      return flatMap(key, () => numbers(tree.items), (n) => Promise.resolve([n, n]), tree.policy);
    case "map function":
      return map(key, () => numbers(tree.items), (n) => Promise.resolve(-n), tree.policy);
  }
}

const recover: Middleware = (_step, next) => async (ctx) => {
  const result = await next(ctx);
  return result.success ? result : { success: true, data: {} };
};

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function sourceOf(kind: string, all: number[]): Iterable<number> | AsyncIterable<number> {
  switch (kind) {
    case "set":
      return new Set(all);
    case "generator":
      return (function* () {
        yield* all;
      })();
    case "async generator":
      return (async function* () {
        for (const n of all) yield await Promise.resolve(n);
      })();
    default:
      return all;
  }
}

/** The keys that a tree adds to the context if nothing fails. */
export function expected(tree: Tree): Record<string, unknown> {
  const parts = tree.children.map(expected);
  const key = `k${tree.id}`;
  switch (tree.kind) {
    case "leaf":
      return { [`s${tree.id}`]: tree.id };
    case "sequence":
      return Object.assign({}, ...parts);
    case "parallel":
      return Object.assign({}, ...parts, tree.policy.onFailure === "collect" && { [key]: [] });
    case "fallback":
    case "inside":
    case "recovery":
      return parts[0]!;
    case "when":
      return tree.holds ? parts[0]! : {};
    case "choice":
      return parts[tree.chosen % parts.length]!;
    case "map":
      return { [key]: numbers(tree.items).map(() => parts[0]) };
    case "distribute":
      return {
        [`list${tree.id}`]: numbers(tree.items),
        [key]: numbers(tree.items).map(() => parts[0]),
      };
    case "filter":
      return { [key]: numbers(tree.items).filter((n) => n % 2 === 0) };
    case "flatMap":
      return { [key]: numbers(tree.items).flatMap((n) => [n, n]) };
    case "map function":
      return { [key]: numbers(tree.items).map((n) => -n) };
  }
}
