import { Cancellation, startTimeout, untilGivenUp } from "./cancel.ts";
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
import { type DeclaredKey, declaredKeys, validate, validateDeclared } from "./schema.ts";
import { join, type Scope } from "./scope.ts";
import type { Schema } from "./standard_schema.ts";
import { checkStrict } from "./strict.ts";
import type { Middleware } from "./types.ts";

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
  return {
    name,
    requires: argsSchema,
    provides: output,
    keys: keysOf(name, nodes, args, output && declaredKeys(output)),
    isPipeline: true,
    parts: { children: nodes, rebuild: (steps) => expose(sequence({ ...own, steps })) },
    execute: (ctx, scope) => execute(own, children, ctx, scope),
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

async function execute(
  definition: Definition,
  children: readonly Child[],
  args: Context,
  scope: Scope,
): Promise<Settled> {
  const { name, timeout, immutable } = definition;
  const deep = scope.deep || immutable === "deep";
  if (timeout === undefined) {
    return await inOrder(definition, children, args, { ...scope, deep });
  }
  const [cancellation, release] = scope.cancellation?.child() ??
    [new Cancellation(), () => {}];
  const stopClock = startTimeout(timeout, cancellation, () => {
    const message =
      `Cannot finish pipeline '${name}' as it must settle within ${timeout} ms: it is still pending`;
    return new TimeoutError(message, timeout);
  });
  try {
    return await inOrder(definition, children, args, {
      ...scope,
      deep,
      cancellation,
    });
  } finally {
    stopClock();
    release();
  }
}

async function inOrder(
  { name, argsSchema, output, middleware }: Definition,
  children: readonly Child[],
  args: Context,
  scope: Scope,
): Promise<Settled> {
  const { path, cancellation, deep } = scope;
  const nested = path !== "";
  const executed: string[] = [];
  const failed = (error: Error, failedStep: string): Settled => ({
    ...failure(error, failedStep, executed.length > 0),
    executed,
  });
  let ctx = args;
  if (argsSchema) {
    const checked = await untilGivenUp(
      (nested ? validateDeclared : validate)(argsSchema, args),
      cancellation,
    );
    if (!checked) return failed(cancellation!.error!, join(path, "<args>"));
    if (!checked.ok) {
      const message =
        `Cannot run '${name}' as its args must be what 'argsSchema' says: ${checked.summary}`;
      return failed(
        new ArgsValidationError(message, checked.issues, checked),
        join(path, "<args>"),
      );
    }
    ctx = seal({ ...args, ...checked.value }, deep);
  } else if (deep) ctx = seal({ ...args }, deep);
  let added = EMPTY;
  for (const { node, label } of children) {
    const settled = await runChild(node, label, ctx, scope, middleware);
    if (settled.ran) executed.push(label);
    if (!settled.ok) return failed(settled.error, settled.failedStep);
    ctx = Object.freeze({ ...ctx, ...settled.output });
    if (nested && !output) {
      added = Object.freeze({ ...added, ...settled.output });
    }
  }
  if (cancellation?.error) {
    return failed(cancellation.error, join(path, "<output>"));
  }
  if (output) {
    const checked = await untilGivenUp(
      validateDeclared(output, ctx),
      cancellation,
    );
    if (!checked) return failed(cancellation!.error!, join(path, "<output>"));
    if (!checked.ok) {
      const message =
        `Cannot use the data of '${name}' as it must be what 'output' says: ${checked.summary}`;
      return failed(
        new ProvidesValidationError(message, checked.issues, checked),
        join(path, "<output>"),
      );
    }
    added = seal(checked.value, deep);
  } else if (!nested) added = ctx;
  return { ok: true, output: added, ran: true, executed };
}
