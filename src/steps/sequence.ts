import type { Middleware } from "../api/middleware.ts";
import type { RetryPolicy } from "../api/policy.ts";
import { checkSteps, type Child } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { checkAfterPivot, checkStrict, keysOf } from "../engine/keys.ts";
import type { Node } from "../engine/node.ts";
import { runChild } from "../engine/run_child.ts";
import { refuse } from "../report/checks.ts";
import { ArgsValidationError, ProvidesValidationError, toError } from "../report/errors.ts";
import { argsHeld, outputHeld } from "../report/held.ts";
import { type Refusal, refusalError, Refused } from "../report/refusal.ts";
import { join, recordId, stepPath } from "../run/paths.ts";
import { recordedValue } from "../run/recorded_value.ts";
import type { Scope } from "../run/scope.ts";
import {
  crash,
  type Ending,
  failure,
  isSettled,
  land,
  type Pending,
  promiseOf,
  settle,
  type Settled,
  success,
  type Unsettled,
} from "../run/settled.ts";
import { isAccepted, whenValidated } from "../run/when_validated.ts";
import { withTimeout } from "../run/with_timeout.ts";
import { declaredKeys, onlyChecks } from "../schema/declared_keys.ts";
import {
  contextValidator,
  declaredValidator,
  UNCHANGED,
  type Validate,
  type Validated,
  validator,
} from "../schema/validate.ts";
import { type Context, EMPTY, seal } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Definition } from "./check_pipeline.ts";
import { retryPipeline } from "./retry_pipeline.ts";

/** The execution plan of a pipeline, made once when it is built. */
interface Plan {
  readonly name: string;
  readonly middleware: readonly Middleware[];
  readonly retry: RetryPolicy | undefined;
  readonly timeout: number | undefined;
  readonly deep: boolean;
  readonly children: readonly Child[];
  readonly labels: readonly string[];
  /** Validate the args: at the root of a run, or nested, where they are the outer context. */
  readonly args: Validate | undefined;
  /** Whether `argsSchema` may change the args. */
  readonly changesArgs: boolean;
  readonly nestedArgs: Validate | undefined;
  readonly output: Validate | undefined;
}

/** Makes the node that runs steps in order. */
export function sequence(own: Definition): Node {
  const { name, steps, argsSchema, output, deps, strict } = own;
  const action = `create pipeline '${name}'`;
  if (!Array.isArray(steps)) {
    refuse(action, "'steps' must be an array of steps", steps);
  }
  const children = checkSteps(action, steps);
  const nodes = children.map(({ node }) => node);
  const args = argsSchema && declaredKeys(argsSchema);
  const fromDeps = deps ? declaredKeys(deps) : [];
  const given = args && fromDeps && [...args, ...fromDeps];
  if (strict) {
    checkStrict(name, nodes, given?.map(({ key }) => key));
    checkAfterPivot(name, nodes);
  }
  const plan: Plan = {
    name,
    middleware: own.middleware ?? [],
    retry: own.retry,
    timeout: own.timeout,
    deep: own.immutable === "deep",
    children,
    labels: Object.freeze(children.map(({ label }) => label)),
    args: argsSchema && validator(argsSchema),
    nestedArgs: argsSchema && contextValidator(argsSchema),
    changesArgs: argsSchema !== undefined && !onlyChecks(argsSchema),
    output: output && declaredValidator(output),
  };
  return {
    name,
    requires: argsSchema,
    provides: output,
    deps: deps && validator(deps),
    keys: keysOf(name, nodes, given, output && declaredKeys(output)),
    kind: "pipeline",
    ...(own.retry && { policy: { retry: own.retry } }),
    traits: { timeout: own.timeout },
    parts: { children: nodes, rebuild: (steps) => expose(sequence({ ...own, steps })) },
    execute: (ctx, scope) => execute(plan, ctx, scope),
  };
}

function execute(plan: Plan, args: Context, scope: Scope): Ending {
  const { name, retry } = plan;
  const own = plan.deep && !scope.deep ? { ...scope, deep: true } : scope;
  return retry
    ? retryPipeline(retry, name, args, own, (scope) => runOnce(plan, args, scope))
    : runOnce(plan, args, own);
}

function runOnce(plan: Plan, args: Context, scope: Scope): Ending {
  const { name, timeout } = plan;
  if (timeout === undefined) return begin(plan, args, scope);
  return withTimeout(
    `pipeline '${name}'`,
    timeout,
    scope,
    (cancellation) => settle(begin(plan, args, { ...scope, cancellation })),
  );
}

function begin(plan: Plan, args: Context, scope: Scope): Ending {
  const { deep, run: { seam } } = scope;
  const validate = isRoot(scope) ? plan.args : plan.nestedArgs;
  if (!validate) return inOrder(plan, deep ? seal({ ...args }, deep) : args, scope);
  if (plan.changesArgs && seam.durable) return beginRecorded(plan, args, validate, scope);
  const checking = validate(args);
  return isAccepted(checking, scope)
    ? inOrder(plan, argsOf(args, args, scope), scope)
    : beginValidated(plan, args, checking, scope);
}

function beginValidated(
  plan: Plan,
  args: Context,
  checking: MaybePromise<Validated>,
  scope: Scope,
): Ending {
  const refused = (refusal: Refusal) => argsError(plan, refusal);
  return whenValidated(
    checking,
    args,
    scope,
    refused,
    (value) =>
      value instanceof Error
        ? failure(value, join(scope.path, "<args>"), false)
        : inOrder(plan, argsOf(args, value, scope), scope),
  );
}

/** Validates the args through a durable host: a default may be different each time. */
async function beginRecorded(
  plan: Plan,
  args: Context,
  validate: Validate,
  scope: Scope,
): Promise<Settled> {
  const { path } = scope;
  const call = { id: recordId(path, "args"), kind: "args", path, ctx: args } as const;
  try {
    const value = await recordedValue(scope.run, call, async () => {
      const checked = await validate(args);
      if (checked instanceof Refused) throw argsError(plan, checked.refusal);
      return checked === UNCHANGED ? args : checked.value;
    });
    return await settle(inOrder(plan, argsOf(args, value, scope), scope));
  } catch (thrown) {
    if (scope.run.seam.interruption) throw thrown;
    return failure(toError(thrown), join(path, "<args>"), false);
  }
}

function argsError({ name }: Plan, refusal: Refusal): ArgsValidationError {
  const problem = `Cannot run '${name}' as its args must be what 'argsSchema' says:`;
  return refusalError(ArgsValidationError, problem, refusal);
}

function argsOf(args: Context, value: Context, scope: Scope): Context {
  // At the root, the steps see only the validated args; nested, also the rest of the context.
  const rest = isRoot(scope) ? EMPTY : args;
  return value === args && !scope.deep ? args : seal({ ...rest, ...value }, scope.deep);
}

/** Whether the pipeline is the root of the run, whose later attempts have paths, too. */
function isRoot({ path }: Scope): boolean {
  return path === "" || stepPath(path) === "";
}

/** Runs the children in order. */
function inOrder(plan: Plan, args: Context, scope: Scope): Ending {
  const { run } = scope;
  if (!run.deps || !isRoot(scope)) return new Walk(plan, args, scope).proceed();
  for (const [key, value] of Object.entries(run.deps)) {
    if (Object.hasOwn(args, key)) {
      return failure(argsHeld(key, plan.name), join(scope.path, "<args>"), false);
    }
    run.hold(key, value);
  }
  return new Walk(plan, Object.freeze({ ...args, ...run.deps }), scope).proceed();
}

/** The progress of one run of a pipeline. */
class Walk implements Pending {
  declare private readonly plan: Plan;
  declare private readonly scope: Scope;
  /** The labels of the children that ran; `undefined` while no child was skipped. */
  declare private executed: string[] | undefined;
  declare private ctx: Context;
  /** The keys added by the steps; `undefined` if the output is the whole context. */
  declare private added: Context | undefined;
  declare private next: number;
  declare private failure: Settled | undefined;
  /** The child that it waits for. */
  declare private waiting: Unsettled | undefined;

  constructor(plan: Plan, args: Context, scope: Scope) {
    this.plan = plan;
    this.scope = scope;
    this.ctx = args;
    this.added = isRoot(scope) || plan.output ? undefined : EMPTY;
    this.executed = undefined;
    this.next = 0;
    this.failure = undefined;
    this.waiting = undefined;
  }

  /** Continues after a child, or begins, until a child has to be awaited or all have ended. */
  proceed(ending?: Ending): Ending {
    const { children, middleware } = this.plan;
    for (;;) {
      if (ending && !isSettled(ending)) {
        this.waiting = ending;
        return this;
      }
      this.waiting = undefined;
      if (ending) this.take(ending);
      if (!this.isUnderWay) return this.finish();
      const { node, label } = children[this.next]!;
      // Here, as an error of the user's function records ten frames, each of which takes time.
      ending = runChild(node, label, this.ctx, this.scope, middleware);
    }
  }

  get promise(): PromiseLike<unknown> {
    return promiseOf(this.waiting!);
  }

  land(value: unknown): Ending {
    return this.proceed(land(this.waiting!, value));
  }

  crash(thrown: unknown): Ending {
    // If the child has ended, the error is none of its own: it must not be undone and retried.
    if (!this.waiting) throw thrown;
    return this.proceed(crash(this.waiting, thrown));
  }

  /** Whether another child is to run. */
  private get isUnderWay(): boolean {
    return !this.failure && this.next < this.plan.children.length;
  }

  /** Records the result of a child. */
  private take(settled: Settled): void {
    const { labels } = this.plan;
    if (!settled.ran) this.executed ??= labels.slice(0, this.next);
    else this.executed?.push(labels[this.next]!);
    const label = labels[this.next++]!;
    if (!settled.ok) {
      this.failure = this.fail(settled.error, settled.failedStep);
      return;
    }
    const { path, run } = this.scope;
    const held = run.held?.find(settled.output, this.ctx, true);
    if (held !== undefined) {
      const place = join(path, label);
      this.failure = this.fail(outputHeld(held, place), place);
      return;
    }
    if (this.added) {
      this.added = this.added === EMPTY ? settled.output : { ...this.added, ...settled.output };
      // No step sees the context after the last one.
      if (!this.isUnderWay) return;
    }
    this.ctx = Object.freeze({ ...this.ctx, ...settled.output });
  }

  private finish(): MaybePromise<Settled> {
    if (this.failure) return this.failure;
    const { path, cancellation, deep, run } = this.scope;
    const { name, output } = this.plan;
    if (cancellation?.error) return this.fail(cancellation.error, join(path, "<output>"));
    const data = this.added ?? run.without(this.ctx);
    if (!output) return this.succeed(data);
    const refused = (refusal: Refusal) => {
      const problem = `Cannot use the data of '${name}' as it must be what 'output' says:`;
      return refusalError(ProvidesValidationError, problem, refusal);
    };
    return whenValidated(
      output(data),
      data,
      this.scope,
      refused,
      (value) =>
        value instanceof Error
          ? this.fail(value, join(path, "<output>"))
          : this.succeed(seal(value, deep)),
    );
  }

  private succeed(output: Context): Settled {
    return success(output, true, this.ran);
  }

  /** All successful runs that skip no child share one list, as freezing a list takes long on Bun. */
  private get ran(): readonly string[] {
    const { labels } = this.plan;
    if (!this.executed && this.next === labels.length) return labels;
    return Object.freeze(this.executed ?? labels.slice(0, this.next));
  }

  private fail(error: Error, failedStep: string): Settled {
    const executed = this.ran;
    return failure(error, failedStep, executed.length > 0, executed);
  }
}
