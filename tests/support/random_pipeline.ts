import fc, { type Arbitrary } from "fast-check";

/** A step as data: its definition, regardless of the run. */
export interface StepShape {
  readonly kind: "step";
  /** Its position among all steps, regardless of nesting. */
  readonly id: number;
  readonly name: string;
  readonly async: boolean;
  readonly requires: readonly string[] | undefined;
  readonly adds: readonly string[];
  /** Whether it declares what it adds. */
  readonly declares: boolean;
  readonly defers: number;
  readonly retries: number;
  readonly retryIf: "always" | "never" | "throws";
  /** The retries of its rollback handler; `undefined` if there is no handler. */
  readonly undoRetries: number | undefined;
}

/** The action of a middleware on the children of one name; it ignores others. */
export interface Layer {
  readonly child: string;
  readonly does: (typeof LAYERS)[number];
}

/** A pipeline as data. */
export interface PipelineShape {
  readonly kind: "pipeline";
  readonly name: string;
  readonly argsSchema: readonly string[] | undefined;
  readonly output: readonly string[] | undefined;
  readonly layers: readonly Layer[];
  readonly retries: number;
  readonly children: readonly Shape[];
}

export type Shape = StepShape | PipelineShape;

/** The fault of the step `at` in one run. */
export type Fault =
  | { readonly at: number; readonly kind: "throws"; readonly times: number; readonly what: Thrown }
  | { readonly at: number; readonly kind: "returns"; readonly what: "number" | "array" | "nothing" }
  | { readonly at: number; readonly kind: "undo throws"; readonly times: number }
  | { readonly at: number; readonly kind: "deferred throws"; readonly nth: number };

export type Thrown = "error" | "string" | "undefined" | "permanent";

/** The script of one run. */
export interface Plan {
  /** The keys of its args. */
  readonly args: readonly string[];
  readonly faults: readonly Fault[];
  /** The time at which the caller aborts: `at` is the id of a step. */
  readonly abort: { readonly when: "never" | "before" | "inside" | "undo"; readonly at: number };
}

/** A pipeline, and runs of it. */
export interface Scenario {
  readonly root: PipelineShape;
  readonly plans: readonly Plan[];
}

export const KEYS = ["a", "b", "c"] as const;
const NAMES = ["s", "t", "u"] as const;
export const LAYERS = [
  "observe",
  "copy",
  "throw before",
  "throw after",
  "answer",
  "answer badly",
  "refuse",
  "replace",
  "recover",
  "give context",
  "give no context",
  "call twice",
  "return nothing",
  "throw when wrapping",
  "abort before",
  "abort after",
] as const;

const MAX_STEPS = 12;
const MAX_DEPTH = 4;

interface Item extends Omit<StepShape, "kind" | "id"> {
  readonly depth: number;
  readonly startsAnew: boolean;
  readonly group: Omit<PipelineShape, "kind" | "children">;
}

/** Features to exclude from the random pipelines. */
export interface Without {
  readonly defers?: boolean;
  readonly aborts?: boolean;
}

/** Random pipelines with random runs; everything shrinks towards smaller cases. */
export function scenarios(runs: number, without: Without = {}): Arbitrary<Scenario> {
  const keys = fc.subarray([...KEYS], { maxLength: 2 });
  const name = fc.constantFrom(...NAMES);
  const layers = LAYERS.filter((does) => !without.aborts || !does.startsWith("abort"));
  const does = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...layers) },
    { weight: 1, arbitrary: fc.constant("recover" as const) },
  );
  const group = fc.record({
    name,
    argsSchema: seldom(keys),
    output: seldom(keys),
    retries: seldom(fc.integer({ min: 1, max: 2 })).map((retries = 0) => retries),
    layers: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(
          fc.record({ child: name, does }),
          { maxLength: 2 },
        ),
      },
    ),
  });
  const item: Arbitrary<Item> = fc.record({
    depth: fc.nat({ max: MAX_DEPTH - 1 }),
    startsAnew: fc.boolean(),
    group,
    name,
    async: fc.boolean(),
    requires: fc.option(fc.subarray([...KEYS], { maxLength: 1 }), { nil: undefined }),
    adds: keys,
    declares: fc.boolean(),
    defers: fc.nat({ max: without.defers ? 0 : 2 }),
    retries: fc.nat({ max: 2 }),
    retryIf: fc.oneof(
      { weight: 8, arbitrary: fc.constant("always" as const) },
      { weight: 1, arbitrary: fc.constantFrom("never" as const, "throws" as const) },
    ),
    undoRetries: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  });
  const items = fc.array(item, { maxLength: MAX_STEPS, size: "medium" });
  const plans = fc.array(plan(without), { minLength: runs, maxLength: runs });
  return fc.record({ items, group, plans }).map(({ items, group, plans }) =>
    legible({
      root: { kind: "pipeline", ...group, children: nest(items, 0) },
      plans: plans.map((plan) => aim(plan, items.length)),
    })
  );
}

/** Moves planned events to existing steps. */
function aim({ args, faults, abort }: Plan, steps: number): Plan {
  const at = (id: number) => steps === 0 ? 0 : id % steps;
  return {
    args,
    faults: faults.map((fault) => ({ ...fault, at: at(fault.at) })),
    abort: { ...abort, at: at(abort.at) },
  };
}

function seldom<T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary },
  );
}

function plan(without: Without): Arbitrary<Plan> {
  const at = fc.nat({ max: MAX_STEPS - 1 });
  const times = fc.integer({ min: 1, max: 3 });
  const what = fc.constantFrom<Thrown>("error", "string", "undefined", "permanent");
  const throws = fc.record({ at, kind: fc.constant("throws" as const), times, what });
  const returns = fc.record({
    at,
    kind: fc.constant("returns" as const),
    what: fc.constantFrom("number" as const, "array" as const, "nothing" as const),
  });
  const undo = fc.record({ at, kind: fc.constant("undo throws" as const), times });
  const deferred = fc.record({
    at,
    kind: fc.constant("deferred throws" as const),
    nth: fc.integer({ min: 1, max: 2 }),
  });
  const never = { when: "never", at: 0 } as const;
  const when = fc.constantFrom("before" as const, "inside" as const, "undo" as const);
  return fc.record({
    args: fc.oneof(
      { weight: 3, arbitrary: fc.constant([...KEYS]) },
      { weight: 1, arbitrary: fc.subarray([...KEYS]) },
    ),
    faults: fc.array(fc.oneof(throws, returns, undo, deferred), { maxLength: 5 }),
    abort: without.aborts ? fc.constant(never) : fc.oneof(
      { weight: 3, arbitrary: fc.constant(never) },
      { weight: 1, arbitrary: fc.record({ when, at }) },
    ),
  });
}

/** Turns steps deeper than the level into nested pipelines. */
function nest(items: readonly Item[], level: number, first = 0): Shape[] {
  const shapes: Shape[] = [];
  let begin = 0;
  while (begin < items.length) {
    const { depth, startsAnew: _, group, ...shape } = items[begin]!;
    let end = begin + 1;
    if (depth <= level) shapes.push({ kind: "step", id: first + begin, ...shape });
    else {
      while (end < items.length && items[end]!.depth > level && !items[end]!.startsAnew) end++;
      const children = nest(items.slice(begin, end), level + 1, first + begin);
      shapes.push({ kind: "pipeline", ...group, children });
    }
    begin = end;
  }
  return shapes;
}

/** The same pipeline with nested pipelines replaced by their steps. */
export function flatten(root: PipelineShape): PipelineShape {
  return { ...root, children: stepsOf(root) };
}

/** The same pipeline without schemas and middleware at the boundaries of its pipelines. */
export function bare(shape: PipelineShape): PipelineShape {
  const children = shape.children.map((child) => child.kind === "step" ? child : bare(child));
  return { ...shape, children, argsSchema: undefined, output: undefined, layers: [], retries: 0 };
}

export function stepsOf(shape: Shape): readonly StepShape[] {
  return shape.kind === "step" ? [shape] : shape.children.flatMap(stepsOf);
}

/** Makes fast-check print the pipeline readably when a property fails. */
function legible(scenario: Scenario): Scenario {
  const lines = () =>
    [
      "",
      ...describe(scenario.root, ""),
      ...scenario.plans.map((plan, n) => `run r${n}: ${JSON.stringify(plan)}`),
    ].join("\n  ");
  return Object.defineProperty(scenario, fc.toStringMethod, { value: lines });
}

function describe(shape: Shape, indent: string): string[] {
  const list = (what: string, keys: readonly string[] | undefined) =>
    keys ? ` ${what} [${keys}]` : "";
  if (shape.kind === "pipeline") {
    const layers = shape.layers.map(({ child, does }) => ` {${does} ${child}}`).join("");
    const schemas = list("argsSchema", shape.argsSchema) + list("output", shape.output);
    const retries = shape.retries ? ` retries ${shape.retries}` : "";
    const head = `${indent}pipeline ${shape.name}${schemas}${retries}${layers}`;
    return [head, ...shape.children.flatMap((child) => describe(child, `${indent}  `))];
  }
  const { id, name, requires, adds, declares, defers, retries, retryIf, undoRetries } = shape;
  return [
    `${indent}#${id} ${shape.async ? "async" : "sync"} ${name}${list("requires", requires)}` +
    list(declares ? "provides" : "adds", adds) +
    (defers ? ` defers ${defers}` : "") + (retries ? ` retries ${retries} (${retryIf})` : "") +
    (undoRetries === undefined ? "" : ` handler retries ${undoRetries}`),
  ];
}

/** The number of calls of a step that are certain by an attempt, by its path. */
export function nthCall(path: string, attempt: number): number {
  const earlier = [...path.matchAll(/@(\d+)\//g)].map(([, nth]) => Number(nth) - 1);
  return attempt + earlier.reduce((sum, nth) => sum + nth, 0);
}

/** A path without the attempts of pipelines. */
export function stepPath(path: string): string {
  return path.replace(/^@\d+\/?/, "").replaceAll(/@\d+(?=\/|$)/g, "");
}

/** The error that the step throws on an attempt, or `undefined`. */
export function throwsAt(plan: Plan, id: number, attempt: number): Thrown | undefined {
  for (const fault of plan.faults) {
    if (fault.kind === "throws" && fault.at === id && attempt <= fault.times) return fault.what;
  }
}

/** Whether the rollback handler of a step throws on an attempt. */
export function undoThrowsAt(plan: Plan, id: number, attempt: number): boolean {
  return plan.faults.some((fault) =>
    fault.kind === "undo throws" && fault.at === id && attempt <= fault.times
  );
}

/** Whether the n-th deferred undo of a step throws. */
export function deferredThrows(plan: Plan, id: number, nth: number): boolean {
  return plan.faults.some((fault) =>
    fault.kind === "deferred throws" && fault.at === id && fault.nth === nth
  );
}

/** The return value of a step on the attempt that does not throw. */
export function returnOf({ id, adds }: StepShape, plan: Plan, attempt: number): unknown {
  const fault = plan.faults.find(({ kind, at }) => kind === "returns" && at === id);
  if (fault?.kind === "returns" && fault.what === "array") return [id];
  if (fault?.kind === "returns" && fault.what === "nothing") return undefined;
  const isNumber = fault?.kind === "returns";
  return Object.fromEntries(adds.map((key) => [key, isNumber ? id : `${key} of ${id}@${attempt}`]));
}

/** The args of a run. */
export function argsOf(plan: Plan, runId: string): Record<string, unknown> {
  const args = plan.args.map((key) => [key, `${key} of ${runId}`]);
  return { ...Object.fromEntries(args), runId, nested: { list: [1] } };
}
