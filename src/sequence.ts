import { after, finallyDo } from "./after.ts";
import { Cancellation, startTimeout, unlessGivenUp } from "./cancel.ts";
import {
  checkFunction,
  checkName,
  checkOptions,
  checkSchema,
  checkTimeout,
  refuse,
} from "./config.ts";
import { type Context, EMPTY, seal } from "./context.ts";
import { checkSteps, type Child } from "./children.ts";
import { expose, failure, type Node, type NodeKeys, runChild, type Settled } from "./engine.ts";
import { ArgsValidationError, ProvidesValidationError, TimeoutError } from "./errors.ts";
import {
  contextValidator,
  type DeclaredKey,
  declaredKeys,
  declaredValidator,
  type Validate,
  validator,
} from "./schema.ts";
import { join, type Scope } from "./scope.ts";
import type { Schema } from "./standard_schema.ts";
import { checkStrict } from "./strict.ts";
import type { MaybePromise, Middleware } from "./types.ts";

/** A pipeline's definition without its types. */
export interface Definition {
  readonly name: string;
  readonly steps?: readonly unknown[] | undefined;
  readonly argsSchema?: Schema | undefined;
  readonly output?: Schema | undefined;
  readonly middleware?: readonly Middleware[] | undefined;
  readonly strict?: boolean | undefined;
  readonly timeout?: number | undefined;
  readonly immutable?: "deep" | undefined;
}

const OPTIONS = [
  "name",
  "steps",
  "argsSchema",
  "output",
  "middleware",
  "strict",
  "timeout",
  "immutable",
];

/** Throws what is wrong with the options of a pipeline. */
export function checkPipeline(
  definition: unknown,
): asserts definition is Definition {
  checkOptions("create a pipeline", definition, OPTIONS);
  const { name, argsSchema, output, middleware, strict, timeout, immutable } =
    definition as Definition;
  checkName("pipeline", name);
  const action = `create pipeline '${name}'`;
  checkSchema(action, "argsSchema", argsSchema);
  checkSchema(action, "output", output);
  if (middleware !== undefined && !Array.isArray(middleware)) {
    refuse(action, "'middleware' must be an array", middleware);
  }
  middleware?.forEach((layer, n) => checkFunction(action, `middleware[${n}]`, layer));
  if (strict !== undefined && typeof strict !== "boolean") {
    refuse(action, "'strict' must be a boolean", strict);
  }
  if (immutable !== undefined && immutable !== "deep") {
    refuse(action, "'immutable' must be 'deep'", immutable);
  }
  checkTimeout(`time pipeline '${name}'`, timeout);
}

/** What a pipeline does, made when it is built. */
interface Plan {
  readonly definition: Definition;
  readonly children: readonly Child[];
  /** How its args are validated where it is the root of a run, and where they are a context. */
  readonly args: Validate | undefined;
  readonly nestedArgs: Validate | undefined;
  readonly output: Validate | undefined;
}

/** The node that runs steps one after the other. */
export function sequence(definition: Definition): Node {
  checkPipeline(definition);
  const { name, argsSchema, output, strict, middleware = [] } = definition;
  const action = `create pipeline '${name}'`;
  const { steps } = definition;
  if (!Array.isArray(steps)) {
    refuse(action, "'steps' must be an array of steps", steps);
  }
  const children = checkSteps(action, steps);
  const nodes = children.map(({ node }) => node);
  const args = argsSchema && declaredKeys(argsSchema);
  if (strict) checkStrict(name, nodes, args?.map(({ key }) => key));
  // A copy: what the caller goes on to do with the definition must not change the pipeline.
  const own = { ...definition, middleware: [...middleware] };
  const plan: Plan = {
    definition: own,
    children,
    args: argsSchema && validator(argsSchema),
    nestedArgs: argsSchema && contextValidator(argsSchema),
    output: output && declaredValidator(output),
  };
  return {
    name,
    requires: argsSchema,
    provides: output,
    keys: keysOf(name, nodes, args, output && declaredKeys(output)),
    isPipeline: true,
    parts: { children: nodes, rebuild: (steps) => expose(sequence({ ...own, steps })) },
    execute: (ctx, scope) => execute(plan, ctx, scope),
  };
}

/** What the pipeline as a whole needs and adds, as far as its schemas and its steps tell. */
function keysOf(
  name: string,
  nodes: readonly Node[],
  args: readonly DeclaredKey[] | undefined,
  output: readonly DeclaredKey[] | undefined,
): NodeKeys {
  const added = new Map<string, string>();
  const needed = new Set<string>();
  let known = true;
  for (const { keys: { needs, adds } } of nodes) {
    needs?.filter((key) => !added.has(key)).forEach((key) => needed.add(key));
    adds?.forEach(([key, by]) => added.set(key, join(name, by)));
    known &&= needs !== undefined && adds !== undefined;
  }
  return {
    needs: args
      ? args.filter(({ required }) => required).map(({ key }) => key)
      : known
      ? [...needed]
      : undefined,
    adds: output ? output.map(({ key }) => [key, name] as const) : known ? [...added] : undefined,
  };
}

function execute(plan: Plan, args: Context, scope: Scope): MaybePromise<Settled> {
  const { name, timeout, immutable } = plan.definition;
  const own = !scope.deep && immutable === "deep" ? { ...scope, deep: true } : scope;
  if (timeout === undefined) return begin(plan, args, own);
  const [cancellation, release] = scope.cancellation?.child() ??
    [new Cancellation(), () => {}];
  const stopClock = startTimeout(timeout, cancellation, () => {
    const message =
      `Cannot finish pipeline '${name}' as it must settle within ${timeout} ms: it is still pending`;
    return new TimeoutError(message, timeout);
  });
  const stop = () => {
    stopClock();
    release();
  };
  return finallyDo(() => begin(plan, args, { ...own, cancellation }), stop);
}

function begin(plan: Plan, args: Context, scope: Scope): MaybePromise<Settled> {
  const { path, cancellation, deep } = scope;
  const validate = path === "" ? plan.args : plan.nestedArgs;
  if (!validate) return inOrder(plan, deep ? seal({ ...args }, deep) : args, scope);
  return after(unlessGivenUp(validate(args), cancellation), (checked) => {
    if (!checked) return failure(cancellation!.error!, join(path, "<args>"), false);
    if (!checked.ok) {
      const { name } = plan.definition;
      const message =
        `Cannot run '${name}' as its args must be what 'argsSchema' says: ${checked.summary}`;
      const error = new ArgsValidationError(message, checked.issues, checked);
      return failure(error, join(path, "<args>"), false);
    }
    const { value } = checked;
    const ctx = value === args && !deep ? args : seal({ ...args, ...value }, deep);
    return inOrder(plan, ctx, scope);
  });
}

/** Runs the children one after the other; waits only for those that are not done at once. */
function inOrder(
  { definition, children, output }: Plan,
  args: Context,
  scope: Scope,
): MaybePromise<Settled> {
  const { path, cancellation, deep } = scope;
  const { name, middleware } = definition;
  const keepsAdded = path !== "" && !output;
  const executed: string[] = [];
  let ctx = args;
  let added = EMPTY;
  let next = 0;

  const failed = (error: Error, failedStep: string): Settled => {
    return { ok: false, error, failedStep, ran: executed.length > 0, executed };
  };
  const succeeded = (output: Context): Settled => ({ ok: true, output, ran: true, executed });

  function runNext(): MaybePromise<Settled> {
    const { node, label } = children[next]!;
    return runChild(node, label, ctx, scope, middleware);
  }

  /** Takes in what a child came to; gives a failure. */
  function take(settled: Settled): Settled | undefined {
    const { label } = children[next++]!;
    if (settled.ran) executed.push(label);
    if (!settled.ok) return failed(settled.error, settled.failedStep);
    ctx = Object.freeze({ ...ctx, ...settled.output });
    if (keepsAdded) added = Object.freeze({ ...added, ...settled.output });
    return undefined;
  }

  function finish(): MaybePromise<Settled> {
    if (cancellation?.error) return failed(cancellation.error, join(path, "<output>"));
    if (!output) return succeeded(keepsAdded ? added : ctx);
    return after(unlessGivenUp(output(ctx), cancellation), (checked) => {
      if (!checked) return failed(cancellation!.error!, join(path, "<output>"));
      if (checked.ok) return succeeded(seal(checked.value, deep));
      const message =
        `Cannot use the data of '${name}' as it must be what 'output' says: ${checked.summary}`;
      const error = new ProvidesValidationError(message, checked.issues, checked);
      return failed(error, join(path, "<output>"));
    });
  }

  async function goOn(running: Promise<Settled>): Promise<Settled> {
    let failure = take(await running);
    while (!failure && next < children.length) {
      const settling = runNext();
      failure = take(settling instanceof Promise ? await settling : settling);
    }
    return failure ?? finish();
  }

  while (next < children.length) {
    const settling = runNext();
    if (settling instanceof Promise) return goOn(settling);
    const failure = take(settling);
    if (failure) return failure;
  }
  return finish();
}
