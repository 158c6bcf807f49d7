import {
  argsOf,
  deferredThrows,
  type Layer,
  nthCall,
  type PipelineShape,
  type Plan,
  returnOf,
  type Shape,
  stepPath,
  type StepShape,
  undoThrowsAt,
} from "./random_pipeline.ts";
import {
  check,
  deferredError,
  isPermanent,
  join,
  layerError,
  runError,
  show,
  undoError,
} from "./told.ts";

/** Everything observable about a run, as text, to compare the run with the model. */
export interface Story {
  readonly success: boolean;
  readonly data: string | undefined;
  readonly error: string | undefined;
  readonly failedStep: string | undefined;
  readonly stepsExecuted: readonly string[];
  readonly completed: readonly string[];
  readonly failed: readonly string[];
  /** Every effect and undo in order, with the context it saw. */
  readonly log: readonly string[];
  /** The outcome of an abandoned attempt. */
  readonly late: readonly string[];
}

type Context = Record<string, unknown>;
type Answer = { readonly ok: true; readonly data: unknown } | {
  readonly ok: false;
  readonly error: string;
  readonly at?: string;
};
type Done = Answer & { readonly ran: boolean; readonly executed?: readonly string[] };
interface Due {
  readonly step: string;
  readonly undo: (because: string) => string | undefined;
}

/** The expected result of a run: an interpreter of the description, independent of the engine. */
export function predict(root: PipelineShape, plan: Plan, runId: string): Story {
  return new Model(plan, root.name).tell(root, argsOf(plan, runId));
}

class Model {
  readonly #plan: Plan;
  readonly #log: string[] = [];
  readonly #late: string[] = [];
  /** The effects that can be undone, and the errors of those that could not. */
  readonly #due: (Due | readonly string[])[] = [];
  readonly #completed: string[] = [];
  readonly #failed: string[] = [];
  readonly #root: string;
  #aborted = false;
  #settleLate = () => {};

  constructor(plan: Plan, root: string) {
    this.#plan = plan;
    this.#root = root;
    this.#aborted = plan.abort.when === "before";
  }

  tell(root: PipelineShape, args: Context): Story {
    const done: Done = this.#aborted
      ? { ok: false, error: "ABORTED", at: "<args>", ran: false }
      : this.#pipeline(root, args, "");
    if (!done.ok) this.#unwind(done.error, 0);
    this.#settleLate();
    return {
      success: done.ok,
      data: done.ok ? show(done.data) : undefined,
      error: done.ok ? undefined : done.error,
      failedStep: done.ok ? undefined : done.at,
      stepsExecuted: done.executed ?? [],
      completed: done.ok ? [] : this.#completed,
      failed: done.ok ? [] : this.#failed,
      log: this.#log,
      late: this.#late,
    };
  }

  #pipeline(shape: PipelineShape, args: Context, path: string): Done {
    const mark = this.#due.length;
    const errors: string[] = [];
    for (let attempt = 1;; attempt++) {
      const done = this.#once(shape, args, attempt === 1 ? path : `${path}@${attempt}`);
      if (done.ok || shape.retries === 0) return done;
      const ran = attempt > 1 || done.ran;
      if (done.error.endsWith("_VALIDATION")) return { ...done, ran };
      if (this.#aborted) return { ...done, error: "ABORTED", ran };
      errors.push(done.error);
      if (isPermanent(this.#plan, done.error)) return { ...done, ran };
      if (attempt > shape.retries) return { ...done, error: `RETRY_EXHAUSTED(${errors})`, ran };
      const notUndone = this.#unwind(done.error, mark);
      if (notUndone.length > 0) {
        return { ...done, error: `ROLLBACK(${notUndone}; ${done.error})`, ran };
      }
      if (this.#aborted) return { ...done, error: "ABORTED", ran };
    }
  }

  #once(shape: PipelineShape, args: Context, path: string): Done {
    const executed: string[] = [];
    const fail = (error: string, at: string): Done => {
      return { ok: false, error, at: stepPath(at), ran: executed.length > 0, executed };
    };
    const isRoot = stepPath(path) === "";
    let ctx = args;
    if (shape.argsSchema) {
      if (this.#aborted) return fail("ABORTED", join(path, "<args>"));
      const checked = check(shape.argsSchema, args, "args");
      if (!checked) return fail("ARGS_VALIDATION", join(path, "<args>"));
      // The outermost pipeline decides what is in the context; the others ignore the rest.
      ctx = { ...isRoot ? { runId: args.runId } : args, ...checked };
    }
    let added: Context = {};
    const names: string[] = [];
    for (const child of shape.children) {
      names.push(child.name);
      const count = names.filter((name) => name === child.name).length;
      const label = count === 1 ? child.name : `${child.name}#${count}`;
      const done = this.#child(child, ctx, join(path, label), shape.layers);
      if (done.ran) executed.push(label);
      if (!done.ok) return fail(done.error, done.at!);
      ctx = { ...ctx, ...done.data as Context };
      added = { ...added, ...done.data as Context };
    }
    if (this.#aborted) return fail("ABORTED", join(path, "<output>"));
    if (!shape.output) return { ok: true, data: isRoot ? ctx : added, ran: true, executed };
    const data = check(shape.output, ctx, "output");
    if (!data) return fail("PROVIDES_VALIDATION", join(path, "<output>"));
    return { ok: true, data, ran: true, executed };
  }

  #child(child: Shape, ctx: Context, path: string, layers: readonly Layer[]): Done {
    const mark = this.#due.length;
    const at = stepPath(path);
    let inner: Done | undefined;
    let layerFailure: string | undefined;
    const run = (given: Context) => {
      inner = child.kind === "step"
        ? this.#step(child, given, path)
        : this.#pipeline(child, given, path);
      return inner;
    };
    const answer: Answer = this.#aborted
      ? aborted
      : this.#through(child, layers, ctx, run, (error) => layerFailure = error);
    if (layers.length === 0 && inner) return inner;
    const ran = inner?.ran ?? false;
    if (this.#aborted) {
      return { ...aborted, at: (inner?.ok === false && inner.at) || at, ran };
    }
    if (!answer.ok) return { ok: false, error: answer.error, at: answer.at ?? at, ran };
    // Recovered failures are undone, whether the step failed or a layer around it.
    const failure = inner?.ok === false ? inner.error : layerFailure;
    if (failure !== undefined) {
      const notUndone = this.#unwind(failure, mark);
      const error = `ROLLBACK(${notUndone}; ${failure})`;
      if (notUndone.length > 0) return { ok: false, error, at, ran };
    }
    if (Array.isArray(answer.data)) {
      return { ok: false, error: "PROVIDES_VALIDATION", at, ran };
    }
    return { ok: true, data: answer.data, ran };
  }

  /**
   * Applies the middleware of a child: the first layer is the outermost, and sees the failures of
   * inner ones.
   */
  #through(
    child: Shape,
    layers: readonly Layer[],
    ctx: Context,
    run: (ctx: Context) => Answer,
    onFailure: (error: string) => void,
  ): Answer {
    const mine = layers.map((layer) => layer.child === child.name ? layer.does : "observe");
    const call = (n: number, ctx: Context | undefined): Answer => {
      const answer = layer(n, ctx);
      if (n < mine.length && !answer.ok) onFailure(answer.error);
      return answer;
    };
    const layer = (n: number, ctx: Context | undefined): Answer => {
      const does = mine[n];
      const next = (given: Context | undefined) => call(n + 1, given);
      const failed = (error: string): Answer => ({ ok: false, error });
      if (does === "throw when wrapping") return failed(layerError(n, does));
      if (ctx === undefined) return does === undefined ? failed("CONFIG") : next(ctx);
      switch (does) {
        case undefined:
          return run(ctx);
        case "throw after":
          next(ctx);
          return failed(layerError(n, does));
        case "answer":
          return { ok: true, data: { a: "answered" } };
        case "answer badly":
          return { ok: true, data: ["answered"] };
        case "throw before":
        case "refuse":
          return failed(layerError(n, does));
        case "copy": {
          const answer = next(ctx);
          return answer.ok ? { ok: true, data: { ...answer.data as object } } : answer;
        }
        case "replace": {
          const answer = next(ctx);
          return answer.ok ? { ok: true, data: { a: "replaced" } } : answer;
        }
        case "recover": {
          const answer = next(ctx);
          return answer.ok ? answer : { ok: true, data: { b: "recovered" } };
        }
        case "give context":
          return next({ ...ctx, c: "given" });
        case "give no context":
          return next(undefined);
        case "call twice":
        case "return nothing":
          next(ctx);
          return failed("CONFIG");
        case "abort before":
          this.#aborted = true;
          return next(ctx);
        case "abort after": {
          const answer = next(ctx);
          this.#aborted = true;
          return answer;
        }
        default:
          return next(ctx);
      }
    };
    return call(0, ctx);
  }

  #step(shape: StepShape, ctx: Context, path: string): Done {
    const { id, requires, defers, retries, retryIf } = shape;
    const { abort } = this.#plan;
    const at = stepPath(path);
    const fail = (error: string, ran: boolean): Done => ({ ok: false, error, at, ran });
    if (this.#aborted) return fail("ABORTED", false);
    const checked = check(requires ?? [], ctx, "requires");
    if (!checked) return fail("REQUIRES_VALIDATION", false);
    const seen = { ...ctx, ...checked };
    const mark = this.#due.length;
    const errors: string[] = [];
    let key = `${this.#root}/${path}`;
    for (let attempt = 1;; attempt++) {
      if (this.#aborted) return fail("ABORTED", attempt > 1);
      this.#log.push(`run ${key}@${attempt} sees ${show(seen)}`);
      const deferred = Array.from({ length: defers }, (_, n) => {
        return this.#deferred(id, path, attempt, n + 1, key);
      });
      if (abort.when === "inside" && abort.at === id && attempt === 1) {
        this.#aborted = true;
        if (shape.async) {
          this.#settleLate = () => this.#lateSettlement(shape, seen, path, deferred);
          return fail("ABORTED", true);
        }
      }
      this.#due.push(...deferred);
      const nth = nthCall(path, attempt);
      const thrown = runError(this.#plan, id, nth);
      if (thrown === undefined) return this.#complete(shape, seen, path, attempt, key);
      if (this.#aborted) return fail("ABORTED", true);
      errors.push(thrown);
      if (retries === 0 || isPermanent(this.#plan, thrown) || retryIf === "never") {
        return fail(thrown, true);
      }
      if (retryIf === "throws") return fail(`[${thrown}, PREDICATE(retryIf of ${id})]`, true);
      if (errors.length > retries) return fail(`RETRY_EXHAUSTED(${errors})`, true);
      const notUndone = this.#unwind(thrown, mark);
      if (notUndone.length > 0) return fail(`ROLLBACK(${notUndone}; ${thrown})`, true);
      // Undone effects must not come back, so the next attempt has another key.
      if (defers > 0) key = `${this.#root}/${path}~${attempt + 1}`;
    }
  }

  #complete(shape: StepShape, seen: Context, path: string, attempt: number, key: string): Done {
    const raw = returnOf(shape, this.#plan, nthCall(path, attempt));
    const { output, error } = this.#checkOutput(shape, raw, this.#aborted);
    if (shape.undoRetries !== undefined) {
      this.#due.push({
        step: stepPath(path),
        undo: (because) => this.#undo(shape, seen, output, `${path}!undo`, key, because),
      });
    }
    if (error) return { ok: false, error, at: stepPath(path), ran: true };
    return { ok: true, data: output, ran: true };
  }

  #checkOutput({ adds, declares }: StepShape, raw: unknown, aborted: boolean) {
    if (Array.isArray(raw)) return { output: raw, error: "PROVIDES_VALIDATION" };
    const output = raw === undefined ? {} : raw as Context;
    if (!declares) return { output };
    if (aborted) return { output: raw, error: "ABORTED" };
    const checked = check(adds, output, "provides");
    return checked ? { output: checked } : { output: raw, error: "PROVIDES_VALIDATION" };
  }

  #undo(
    shape: StepShape,
    seen: Context,
    output: unknown,
    name: string,
    of: string,
    because: string,
  ) {
    const { id, undoRetries = 0 } = shape;
    const errors: string[] = [];
    for (let attempt = 1;; attempt++) {
      const got = `sees ${show(seen)} and ${show(output)} because of ${because}`;
      this.#log.push(`undo ${this.#root}/${name}@${attempt} of ${of} ${got}`);
      if (this.#plan.abort.when === "undo" && this.#plan.abort.at === id) this.#aborted = true;
      if (!undoThrowsAt(this.#plan, id, attempt)) return undefined;
      errors.push(undoError(id, attempt));
      if (undoRetries === 0) return errors[0];
      if (errors.length > undoRetries) return `RETRY_EXHAUSTED(${errors})`;
    }
  }

  #deferred(id: number, path: string, attempt: number, nth: number, of: string): Due {
    const step = `${stepPath(path)} (deferred)`;
    const key = `${this.#root}/${path}@${attempt}!defer${nth}`;
    const undo = (because: string) => {
      this.#log.push(`undo ${key}@1 of ${of} because of ${because}`);
      return deferredThrows(this.#plan, id, nth) ? deferredError(id, nth) : undefined;
    };
    return { step, undo };
  }

  /**
   * An async step given up at its first attempt settles after the run. Until then, its effects are
   * effects, and its deferred undos wait.
   */
  #lateSettlement(shape: StepShape, seen: Context, path: string, deferred: readonly Due[]): void {
    const key = `${this.#root}/${path}`;
    const nth = nthCall(path, 1);
    const rejection = runError(this.#plan, shape.id, nth);
    const undos = deferred.toReversed().map(({ undo }) => undo);
    if (rejection === undefined && shape.undoRetries !== undefined) {
      const raw = returnOf(shape, this.#plan, nth);
      const { output } = this.#checkOutput(shape, raw, false);
      undos.unshift((because) => {
        return this.#undo(shape, seen, output, `${path}@1!undo`, key, because);
      });
    }
    const notUndone = undos.map((undo) => undo("ABORTED")).filter((error) => error !== undefined);
    const errors = [...rejection === undefined ? [] : [rejection], ...notUndone];
    const landed = undos.length > 0 ? "compensated" : "no-handler";
    const outcome = notUndone.length > 0 ? "failed" : rejection === undefined ? landed : "rejected";
    const because = errors.length > 1 ? ` [${errors.join(", ")}]` : errors.map((e) => ` ${e}`)[0];
    this.#late.push(`${stepPath(path)}@1 ${outcome}${because ?? ""}`);
  }

  #unwind(because: string, mark: number): string[] {
    const errors: string[] = [];
    while (this.#due.length > mark) {
      const due = this.#due.pop()!;
      if (!("step" in due)) {
        errors.push(...due);
        continue;
      }
      const { step, undo } = due;
      const error = undo(because);
      if (error === undefined) this.#completed.push(step);
      else {
        errors.push(error);
        this.#failed.push(`${step}: ${error}`);
      }
    }
    // Nothing continues past it, here or further up.
    if (errors.length > 0) this.#due.push(errors);
    return errors;
  }
}

const aborted: Answer & { readonly ok: false } = { ok: false, error: "ABORTED" };
