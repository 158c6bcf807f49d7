// The floor: the least interpreter that keeps the contract of `step`, `pipeline`, `parallel` and
// `map` in the flows of the bench. What it costs beyond code by hand, every interpreter with this
// contract costs; what runsheet costs beyond it, runsheet adds.
//
// It keeps what callers, steps and undos can observe in these flows:
// - Args and outputs are checked (objects of keys, plain, no `__proto__`) and copied. Each step sees
//   a frozen context; each undo gets exactly the context and the output of its step.
// - Each call gets its own info. Its key, signal and `defer` are made when they are read; it survives
//   a spread and cannot be changed.
// - Effects are undone in reverse order, those of branches and items in the order of their source.
// - Results are frozen and have all fields of runsheet's results; `runId` is made when it is read.
// - A middleware may call `next` once, and before it returns. It may change the context or the
//   result, and may recover from a failure, whose effects are then undone.
// - A run that begins inside a step which does not know of it fails if its undo would be lost.
// - If nothing returns a promise, there is none besides that of `run`.
//
// Its shortcuts, none of which changes the outcome of a case:
// - `run` has no options, so nothing checks for signals, hosts, observers, deps and late reports. A
//   pipeline's `timeout` is ignored.
// - There are no retries, pivots, undos by name or by key, resources, deep freezing, `argsSchema` of
//   nested pipelines, `output` schemas, and asynchronous schemas. Outputs of classes are refused.
// - `map` takes only arrays and functions, has no limit, and awaits all items by one `Promise.all`.
// - A call that timed out is rolled back when it lands, but nothing waits for it or reports it, and
//   undos are deferred only while a call has not settled.
// - Of several failures in a group, only the first is reported.
// - Definitions are not checked, messages are short, and results have no `toJSON`.
// - Failures are thrown, instead of passed on in an object that successes need, too.
import type { Middleware, Schema } from "@runsheet/runsheet";
import type { Library } from "../contenders/cut.ts";
import {
  Call,
  callerNow,
  type Ending,
  Failed,
  Group,
  Info,
  join,
  type Node,
  Root,
  Scope,
  type Work,
} from "./call.ts";
import { runInLayers } from "./layers.ts";
import { Failure, Meta, Succeeded } from "./result.ts";
import {
  argsReaderOf,
  checkerOf,
  type Context,
  copyOf,
  EMPTY,
  isThenable,
  readerOf,
} from "./values.ts";

type Fn = (...given: unknown[]) => unknown;

/** Whether a function may take its last parameter; the functions of the bench hide none. */
const takesInfo = (run: Fn, before: number) => run.length > before;

interface StepDefinition {
  readonly name: string;
  readonly requires?: Schema;
  readonly provides?: Schema;
  readonly run: Fn;
  readonly rollback?: Fn;
  readonly timeout?: number;
}

function step({ name, requires, provides, run, rollback, timeout }: StepDefinition): Node {
  const check = requires && checkerOf(requires);
  const read = readerOf(provides);
  const work: Work = {
    run: (call, info) => run(call.ctx, info),
    takesInfo: takesInfo(run, 1),
    read,
    rollback,
    timeout,
  };
  return {
    name,
    requires,
    provides,
    start(ctx, scope, label) {
      let own = ctx;
      if (check) {
        try {
          own = check(ctx);
        } catch (thrown) {
          throw new Failed(thrown, join(scope.path, label), false);
        }
      }
      return new Call(work, own, scope, label).start();
    },
  };
}

interface Plan {
  readonly name: string;
  readonly args: ((args: Context) => Context) | undefined;
  readonly steps: readonly Node[];
  readonly labels: readonly string[];
  readonly middleware: readonly Middleware[];
}

interface PipelineDefinition {
  readonly name: string;
  readonly argsSchema?: Schema;
  readonly steps: readonly Node[];
  readonly middleware?: readonly Middleware[];
}

function pipeline({ name, argsSchema, steps, middleware = [] }: PipelineDefinition) {
  const labels = Object.freeze(steps.map(({ name }) => name));
  const args = argsSchema && argsReaderOf(argsSchema);
  const plan: Plan = { name, args, steps, labels, middleware };
  const node: Node = {
    name,
    requires: argsSchema,
    provides: undefined,
    start: (ctx, { root, path, undos, group }, label) =>
      walk(plan, ctx, EMPTY, new Scope(root, join(path, label), undos, group)),
  };
  return { ...node, run: (args: unknown) => run(plan, args) };
}

async function run(plan: Plan, input: unknown): Promise<object> {
  const caller = callerNow();
  const { name } = plan;
  const scope = new Scope(new Root(name), "", [], undefined);
  let args = EMPTY;
  try {
    if (input !== undefined) args = Object.freeze(copyOf(input));
    const walking = walk(plan, plan.args ? plan.args(args) : args, undefined, scope);
    const data = walking instanceof Promise ? await walking : walking;
    if (caller && scope.undos.length > 0) throw lostUndo(plan, scope);
    const meta = Object.freeze(new Meta(name, args, executed(plan, scope), scope.root));
    return Object.freeze(new Succeeded(data, meta));
  } catch (thrown) {
    const failure = thrown instanceof Failed ? thrown : new Failed(thrown, "<args>", false);
    const { error, failedStep, executed } = failure;
    const completed: string[] = [];
    const failed: object[] = [];
    for (let n = scope.undos.length - 1; n >= 0; n--) {
      await scope.undos[n]!.undo(error, completed, failed);
    }
    const rollback = Object.freeze({
      completed: Object.freeze(completed),
      failed: Object.freeze(failed),
    });
    const meta = Object.freeze(new Meta(name, args, executed, scope.root));
    return Object.freeze(new Failure(error, failedStep, rollback, meta));
  }
}

function lostUndo(plan: Plan, scope: Scope): Failed {
  const failure = new Failed(new Error("the undo must not be lost"), "<args>", true);
  failure.executed = executed(plan, scope);
  return failure;
}

/** The children that ran; all runs in which all of them did share one list. */
function executed({ labels }: Plan, { replaced }: Scope, count = labels.length) {
  if (count === labels.length && !replaced) return labels;
  return Object.freeze(labels.slice(0, count).filter((label) => !replaced?.includes(label)));
}

/** Runs the children of a pipeline in order; `added` is absent at the root of a run. */
function walk(
  plan: Plan,
  args: Context,
  added: Context | undefined,
  scope: Scope,
): Context | Promise<Context> {
  const { steps } = plan;
  let ctx = args;
  for (let n = 0; n < steps.length; n++) {
    let ending: Ending;
    try {
      ending = startChild(plan, n, ctx, scope);
    } catch (thrown) {
      throw failedAt(plan, n, scope, thrown);
    }
    if (ending instanceof Call || ending instanceof Promise) {
      return walkOn(plan, n, ending, ctx, added, scope);
    }
    if (added) added = added === EMPTY ? ending : { ...added, ...ending };
    // The end of a nested pipeline needs no context.
    if (!added || n + 1 < steps.length) ctx = Object.freeze({ ...ctx, ...ending });
  }
  return added ?? ctx;
}

async function walkOn(
  plan: Plan,
  first: number,
  pending: Ending,
  before: Context,
  added: Context | undefined,
  scope: Scope,
): Promise<Context> {
  const { steps } = plan;
  let ctx = before;
  let n = first;
  let ending = pending;
  try {
    for (;;) {
      let output: Context;
      if (ending instanceof Call) {
        let value: unknown;
        try {
          value = await ending.promise;
        } catch (thrown) {
          throw ending.crash(thrown);
        }
        output = ending.land(value);
      } else output = ending instanceof Promise ? await ending : ending;
      if (added) added = added === EMPTY ? output : { ...added, ...output };
      if (++n === steps.length) return added ?? Object.freeze({ ...ctx, ...output });
      ctx = Object.freeze({ ...ctx, ...output });
      ending = startChild(plan, n, ctx, scope);
    }
  } catch (thrown) {
    throw failedAt(plan, n, scope, thrown);
  }
}

function startChild({ steps, labels, middleware }: Plan, n: number, ctx: Context, scope: Scope) {
  const node = steps[n]!;
  const label = labels[n]!;
  return middleware.length > 0
    ? runInLayers(middleware, node, ctx, scope, label)
    : node.start(ctx, scope, label);
}

function failedAt(plan: Plan, n: number, scope: Scope, thrown: unknown): Failed {
  const failure = thrown instanceof Failed ? thrown : new Failed(thrown, scope.path, true);
  failure.executed = executed(plan, scope, failure.ran ? n + 1 : n);
  return failure;
}

function parallel(...steps: readonly Node[]): Node {
  return {
    name: `parallel(${steps.map(({ name }) => name).join(", ")})`,
    requires: undefined,
    provides: undefined,
    start: (ctx, scope, label) => runBranches(steps, ctx, scope, label),
  };
}

async function runBranches(
  steps: readonly Node[],
  ctx: Context,
  { root, path, undos }: Scope,
  label: string,
): Promise<Context> {
  const group = new Group();
  const own = join(path, label);
  const scopes: Scope[] = [];
  let failure: Failed | undefined;
  const outputs = await Promise.all(steps.map(runBranch));
  for (const { undos: ofBranch } of scopes) for (const call of ofBranch) undos.push(call);
  if (failure) throw failure;
  return Object.assign({}, ...outputs);

  async function runBranch(node: Node): Promise<Context> {
    const scope = new Scope(root, own, [], group);
    scopes.push(scope);
    try {
      const ending = node.start(ctx, scope, node.name);
      if (!(ending instanceof Call)) return ending instanceof Promise ? await ending : ending;
      let value: unknown;
      try {
        value = await ending.promise;
      } catch (thrown) {
        throw ending.crash(thrown);
      }
      return ending.land(value);
    } catch (thrown) {
      failure ??= thrown instanceof Failed ? thrown : new Failed(thrown, own, true);
      group.abort(failure.error);
      return EMPTY;
    }
  }
}

function map(key: string, items: Fn, each: Fn): Node {
  const work: Work = {
    run: ({ item, ctx }, info) => each(item, ctx, info),
    takesInfo: takesInfo(each, 2),
    read: copyOf, // Not called, as an item's output may be anything.
    rollback: undefined,
    timeout: undefined,
  };
  return {
    name: `map(${key})`,
    requires: undefined,
    provides: undefined,
    start: (ctx, scope, label) => runItems(key, items, work, ctx, scope, label),
  };
}

async function runItems(
  key: string,
  items: Fn,
  work: Work,
  ctx: Context,
  { root, path, undos }: Scope,
  label: string,
): Promise<Context> {
  const group = new Group();
  const scope = new Scope(root, path, undos, group);
  const values: unknown[] = [];
  try {
    const giving = items(ctx, new CollectionInfo(group).shown);
    const all = (isThenable(giving) ? await giving : giving) as readonly unknown[];
    for (let index = 0; index < all.length; index++) {
      const call = new Call(work, ctx, scope, label, all[index], index);
      if (work.takesInfo) undos.push(call);
      values.push(call.call());
    }
    return { [key]: await Promise.all(values) };
  } catch (thrown) {
    group.abort(thrown);
    const settled = await Promise.allSettled(values);
    const index = settled.findIndex((one) => one.status === "rejected" && one.reason === thrown);
    const at = index === -1 ? values.length : index;
    throw new Failed(thrown, `${join(path, label)}[${at}]`, true);
  }
}

/** The info of the function that returns the items. */
class CollectionInfo extends Info {
  readonly group: Group;
  readonly names: readonly string[] = ["signal"];

  constructor(group: Group) {
    super();
    this.group = group;
  }

  read(): unknown {
    return this.group.signal;
  }
}

/** The floor, as far as the bench calls the library. */
export const floor: Library = { map, parallel, pipeline, step } as unknown as Library;
