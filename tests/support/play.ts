import { assertEquals, assertFalse } from "@std/assert";
import {
  type AnyStep,
  isRunsheetError,
  type LateReport,
  type Middleware,
  permanent,
  type Pipeline,
  pipeline,
  type Result,
  type RollbackInfo,
  type RunInfo,
  type RunOptions,
  type Schema,
  step,
  type StepResult,
} from "@runsheet/runsheet";
import type { Story } from "./model.ts";
import {
  argsOf,
  deferredThrows,
  type Layer,
  nthCall,
  type PipelineShape,
  type Plan,
  returnOf,
  type StepShape,
  throwsAt,
  undoThrowsAt,
} from "./random_pipeline.ts";
import { show } from "./told.ts";

type Context = Readonly<Record<string, unknown>>;

/** The observations of one run; its user code finds them by the run's id. */
class Watch {
  readonly plan: Plan;
  readonly log: string[] = [];
  readonly late: string[] = [];
  readonly controller: AbortController = new AbortController();
  readonly reason: Error = new Error("the caller's reason");
  /** Objects of the user, with copies from before they were passed to the engine. */
  readonly belongings: [given: unknown, copy: unknown][] = [];
  /** The context that the last attempt with a key saw. */
  readonly seen: Map<string, Context> = new Map();
  readonly watches: Promise<unknown>[] = [];
  /** The keys of the undos that are due if the run fails. */
  readonly due: string[] = [];
  /** The keys of undos that are due once an abandoned attempt has settled. */
  readonly dueLate: string[] = [];
  readonly settled: Promise<void>;
  settle: () => void = () => {};
  readonly #errors: Map<unknown, string>;

  constructor(plan: Plan, errors: Map<unknown, string>) {
    this.plan = plan;
    this.#errors = errors;
    this.settled = new Promise((resolve) => this.settle = resolve);
  }

  abort(): void {
    this.controller.abort(this.reason);
  }

  /** An error of the application, recognized by its class, not by its message. */
  error(label: string): Error {
    const error = new Error("the application's");
    this.#errors.set(error, label);
    return error;
  }

  own<T>(value: T): T {
    this.belongings.push([value, structuredClone(value)]);
    return value;
  }

  describe(error: unknown): string {
    const label = this.#errors.get(error);
    if (label !== undefined) return label;
    if (error instanceof RunlessError) return error.message;
    if (error instanceof AggregateError) {
      return `[${error.errors.map((one) => this.describe(one)).join(", ")}]`;
    }
    if (isRunsheetError(error, "UNKNOWN")) return `UNKNOWN(${error.originalValue})`;
    if (isRunsheetError(error, "PREDICATE")) return `PREDICATE(${this.describe(error.cause)})`;
    if (isRunsheetError(error, "RETRY_EXHAUSTED")) {
      return `RETRY_EXHAUSTED(${error.errors.map((one) => this.describe(one))})`;
    }
    if (isRunsheetError(error, "ROLLBACK")) {
      const causes = error.causes.map((one) => this.describe(one));
      return `ROLLBACK(${causes}; ${this.describe(error.cause)})`;
    }
    if (isRunsheetError(error, "ABORTED") && error.cause !== this.reason) return "WRONG REASON";
    return isRunsheetError(error) ? error.code : `WRONG ERROR ${error}`;
  }
}

/** The pipeline of a description, for any number of runs at once. */
export class Play {
  readonly #pipeline: Pipeline<string, Record<never, never>, object>;
  readonly #watches = new Map<string, Watch>();
  readonly #errors = new Map<unknown, string>();
  readonly #canAbort: boolean;

  constructor(root: PipelineShape) {
    this.#canAbort = JSON.stringify(root).includes('"abort ');
    this.#pipeline = this.#makePipeline(root);
  }

  /** Runs it, waits for all late attempts, and returns the observations. */
  async run(
    plan: Plan,
    runId: string,
    given: Pick<RunOptions, "host" | "observer"> = {},
  ): Promise<Story> {
    const watch = new Watch(plan, this.#errors);
    this.#watches.set(runId, watch);
    if (plan.abort.when === "before") watch.abort();
    const args = watch.own(argsOf(plan, runId));
    const options: RunOptions = {
      runId,
      onLate: (late) => watch.late.push(lateLine(late, watch)),
      waitUntil: (promise) => watch.watches.push(promise),
      ...given,
      // Without a signal, the engine takes another path.
      ...((this.#canAbort || plan.abort.when !== "never") && { signal: watch.controller.signal }),
    };
    let result: Result<object>;
    try {
      result = await this.#pipeline.run(args, options);
    } finally {
      watch.settle();
    }
    await Promise.all(watch.watches);
    return tell(result, watch);
  }

  /** The events of a run so far. */
  logOf(runId: string): readonly string[] {
    return this.#watches.get(runId)?.log ?? [];
  }

  /** The undos that were due within a run if it failed, and those due outside it. */
  dueIn(runId: string): { readonly due: readonly string[]; readonly dueLate: readonly string[] } {
    return this.#watches.get(runId)!;
  }

  /** Fails if any object that the user passed to the engine in a run has changed. */
  checkBelongings(runId: string): void {
    for (const [given, copy] of this.#watches.get(runId)?.belongings ?? []) {
      assertEquals(given, copy);
      assertFalse(typeof given === "object" && Object.isFrozen(given), "the engine froze it");
    }
  }

  #makePipeline(shape: PipelineShape): Pipeline<string, Record<never, never>, object> {
    const { name, argsSchema, output, layers, retries, children } = shape;
    const steps = children.map((child): AnyStep =>
      child.kind === "step" ? this.#makeStep(child) : this.#makePipeline(child)
    );
    const middleware = layers.map((layer, n) => this.#makeMiddleware(layer, n));
    const made: unknown = pipeline({
      name,
      steps,
      middleware,
      ...(retries > 0 && { retry: { count: retries } }),
      argsSchema: argsSchema && marks(argsSchema, "args", children.length % 2 === 0),
      output: output && marks(output, "output", children.length % 2 === 1),
    });
    return made as Pipeline<string, Record<never, never>, object>;
  }

  #makeStep(shape: StepShape): AnyStep {
    const { id, name, requires, adds, declares, retries, retryIf, undoRetries } = shape;
    const made: unknown = step({
      name,
      ...(requires && { requires: marks(requires, "requires", id % 2 === 0) }),
      ...(declares && { provides: marks(adds, "provides", id % 2 === 1) }),
      retry: { count: retries, ...(retryIf !== "always" && { retryIf: this.#retryIf(shape) }) },
      run: (ctx: Context, info: RunInfo): Context => this.#run(shape, ctx, info) as Context,
      ...(undoRetries !== undefined && {
        rollback: {
          retry: { count: undoRetries },
          run: (ctx: Context, output: unknown, info: RollbackInfo) => {
            const undone = () => this.#undo(shape, ctx, output, info);
            return shape.async ? Promise.resolve().then(undone) : undone();
          },
        },
      }),
    });
    return made as AnyStep;
  }

  #retryIf({ id, retryIf }: StepShape): () => boolean {
    return () => {
      if (retryIf === "never") return false;
      throw new RunlessError(`retryIf of ${id}`);
    };
  }

  #run(shape: StepShape, ctx: Context, info: RunInfo): unknown {
    const { id, defers } = shape;
    const { attempt, key } = info;
    const [watch, effect] = this.#find(key);
    const path = effect.replace(/~\d+$/, "");
    watch.seen.set(effect, ctx);
    watch.log.push(`run ${effect}@${attempt} sees ${show(ctx)}`);
    const { abort } = watch.plan;
    const aborts = abort.when === "inside" && abort.at === id && attempt === 1;
    const due = aborts && shape.async ? watch.dueLate : watch.due;
    for (let nth = 1; nth <= defers; nth++) {
      due.push(`${path}@${attempt}!defer${nth}`);
      info.defer((undo) => {
        const [, key] = this.#find(undo.key);
        const [, of] = this.#find(undo.effectKey);
        const because = watch.describe(undo.error);
        watch.log.push(`undo ${key}@${undo.attempt} of ${of} because of ${because}`);
        if (deferredThrows(watch.plan, id, nth)) throw watch.error(`deferred ${nth} of ${id}`);
      });
    }
    if (aborts) watch.abort();
    const nth = nthCall(path, attempt);
    const finish = () => {
      const thrown = throwsAt(watch.plan, id, nth);
      const error = watch.error(`run ${id}@${nth}`);
      if (thrown === "error") throw error;
      if (thrown === "permanent") throw permanent(error);
      if (thrown === "string") throw `run ${id}@${nth}`;
      if (thrown === "undefined") throw undefined;
      const key = aborts && shape.async ? `${path}@1!undo` : `${path}!undo`;
      if (shape.undoRetries !== undefined) due.push(key);
      return watch.own(returnOf(shape, watch.plan, nth));
    };
    if (!shape.async) return finish();
    return (aborts ? watch.settled : Promise.resolve()).then(finish);
  }

  #undo({ id }: StepShape, ctx: Context, output: unknown, info: RollbackInfo): void {
    const [watch, key] = this.#find(info.key);
    const [, of] = this.#find(info.effectKey);
    const seen = watch.seen.get(of);
    // In a resumed run, the attempt may have been in another process.
    const got = seen === undefined || seen === ctx ? "sees" : "sees ANOTHER OBJECT";
    watch.log.push(
      `undo ${key}@${info.attempt} of ${of} ${got} ${show(ctx)} and ${show(output)} ` +
        `because of ${watch.describe(info.error)}`,
    );
    const { abort } = watch.plan;
    if (abort.when === "undo" && abort.at === id) watch.abort();
    if (undoThrowsAt(watch.plan, id, info.attempt)) {
      throw watch.error(`undo ${id}@${info.attempt}`);
    }
  }

  #makeMiddleware({ child, does }: Layer, n: number): Middleware {
    return (step, next) => {
      if (step.name !== child) return next;
      if (does === "throw when wrapping") throw new RunlessError(`layer ${n}: ${does}`);
      return async (ctx): Promise<StepResult> => {
        if (ctx === null) return await next(ctx);
        const watch = this.#watches.get(String(ctx.runId))!;
        const error = watch.error(`layer ${n}: ${does}`);
        switch (does) {
          case "copy": {
            const result = await next(ctx);
            return result.success ? { ...result, data: { ...result.data } } : { ...result };
          }
          case "throw before":
            throw error;
          case "throw after":
            await next(ctx);
            throw error;
          case "answer":
            return { success: true, data: { a: "answered" } };
          case "answer badly":
            return { success: true, data: ["answered"] as unknown as Context };
          case "refuse":
            return { success: false, error };
          case "replace": {
            const result = await next(ctx);
            return result.success ? { success: true, data: { a: "replaced" } } : result;
          }
          case "recover":
            try {
              const result = await next(ctx);
              if (result.success) return result;
            } catch {
              // Recovered below.
            }
            return { success: true, data: { b: "recovered" } };
          case "give context":
            return await next({ ...ctx, c: "given" });
          case "give no context":
            return await next(null as unknown as Context);
          case "call twice":
            await next(ctx);
            return await next(ctx);
          case "return nothing":
            await next(ctx);
            return undefined as unknown as StepResult;
          case "abort before":
            watch.abort();
            return await next(ctx);
          case "abort after": {
            const result = await next(ctx);
            watch.abort();
            return result;
          }
          default:
            return await next(ctx);
        }
      };
    };
  }

  /** The run of a key, and the rest of the key. */
  #find(key: string): [Watch, string] {
    const [runId = ""] = key.split("/", 1);
    return [this.#watches.get(runId)!, key.slice(runId.length + 1)];
  }
}

/** An error of code that cannot know its run; it identifies itself. */
class RunlessError extends Error {}

/**
 * A schema, sync or async, that marks its declared strings and drops other keys except `runId`, by
 * which a middleware recognizes its run.
 */
function marks(
  keys: readonly string[],
  mark: string,
  isAsync: boolean,
): Schema<Record<string, unknown>> {
  const validate = (value: unknown) => {
    const given = value as Context;
    const issues = keys.filter((key) => typeof given[key] !== "string")
      .map((key) => ({ message: `${key} must be a string`, path: [key] }));
    if (issues.length > 0) return { issues };
    const marked = Object.fromEntries(keys.map((key) => [key, `${given[key]} <${mark}>`]));
    return { value: mark === "args" ? { runId: given.runId, ...marked } : marked };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "tests",
      validate: (value) => isAsync ? Promise.resolve(validate(value)) : validate(value),
    },
  };
}

function lateLine({ step, attempt, outcome, error }: LateReport, watch: Watch): string {
  return `${step}@${attempt} ${outcome}${error ? ` ${watch.describe(error)}` : ""}`;
}

function tell(result: Result<object>, watch: Watch): Story {
  const failure = result.success ? undefined : result;
  return {
    success: result.success,
    data: result.success ? show(result.data) : undefined,
    error: failure && watch.describe(failure.error),
    failedStep: failure?.failedStep,
    stepsExecuted: result.meta.stepsExecuted,
    completed: failure?.rollback.completed ?? [],
    failed:
      failure?.rollback.failed.map(({ step, error }) => `${step}: ${watch.describe(error)}`) ?? [],
    log: watch.log,
    late: watch.late,
  };
}
