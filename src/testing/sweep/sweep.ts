import type { Call } from "../../api/host.ts";
import type { EventSource } from "../../api/run.ts";
import type { AnyStep } from "../../api/step.ts";
import { checkStep } from "../../engine/children.ts";
import type { Node } from "../../engine/node.ts";
import { checkArray, checkFunction, checkOptions, refuse } from "../../report/checks.ts";
import { ConfigError } from "../../report/errors.ts";
import { placesIn } from "../../engine/places.ts";
import { stepOf, withoutIndexes } from "../../run/paths.ts";
import type { OwnArgs, OwnDeps } from "../../types/of.ts";
import type { MaybePromise } from "../../values/maybe_promise.ts";
import { show } from "../../values/show.ts";
import { Agenda } from "./agenda.ts";
import type { Case, Wanted } from "./cases.ts";
import type { Shared } from "./fault_host.ts";
import { allFaults, type Fault } from "./faults.ts";
import { InferredBooks } from "./inferred_books.ts";
import { Judge } from "./judge.ts";
import type { Books } from "./ledger.ts";
import type { Observed } from "./observed.ts";
import { makeReport, type SweepReport, type SweepRow } from "./report.ts";
import { END, Runner } from "./runner.ts";

/** Options of `sweep`. */
export interface SweepOptions<Deps = unknown> {
  /** The deps of a pipeline that declares them, or a function that returns them for each run. */
  readonly deps?: Deps | (() => MaybePromise<Deps>) | undefined;
  /**
   * Answers the steps made by `waitFor`, as the option of `run()` does. No fault is injected into a
   * wait; an answer that takes longer than the step's `timeout`, in real time, fails the run.
   */
  readonly events?: EventSource | undefined;
  /**
   * The source of effects: the `ledger()` that the fakes use, or books of your own, for which
   * faults are injected only before and after whole steps. It is cleared before every run. Without
   * it, effects are inferred: an attempt of a step that has an undo counts as an effect until the
   * undo succeeds. That finds far fewer bugs, as it trusts each undo.
   */
  readonly ledger?: Books | undefined;
  /** Called before every run to reset all fakes. */
  readonly setup?: (() => MaybePromise<unknown>) | undefined;
  /**
   * The faults to inject, at least one.
   *
   * @default {["before", "after", "late", "overtaken", "invalid", "abort", "hang", "end"]}
   */
  readonly faults?: readonly Fault[] | undefined;
  /**
   * The only cases to run, as patterns such as `"chargePayment@2: late"` or
   * `"chargePayment@1!effect1: overtaken"`. A path or id without a fault matches all its cases;
   * indexes of items may be omitted.
   */
  readonly only?: string | readonly string[] | undefined;
  /**
   * Cases that cannot happen, in the same form, such as `"reserveStock: after"` for a transaction.
   */
  readonly except?: string | readonly string[] | undefined;
  /**
   * The most cases allowed. A case takes one run, or two if the run survives the fault.
   *
   * @default {1000}
   */
  readonly maxCases?: number | undefined;
  /**
   * Runs a random sample of the cases, the same one for the same seed. Cases of retries are added
   * to it.
   */
  readonly sample?: { readonly count: number; readonly seed: number } | undefined;
  /**
   * Makes the error of a fault. If a step's `retryIf` inspects errors, return one that it retries.
   *
   * @default {(call) => new Error(`thrown by the sweep in '${call.id}'`)}
   */
  readonly error?: ((call: Call) => Error) | undefined;
  /**
   * How long a run may be idle before it counts as hanging, in milliseconds. It is the only real
   * time in a sweep, and passes only if a fake never settles.
   *
   * @default {1000}
   */
  readonly patience?: number | undefined;
}

/**
 * Proves the rollbacks of a pipeline. A sweep learns its calls from a clean run. Then it runs the
 * pipeline once for each fault in each call of a step, an item or an undo, in each attempt, and in
 * each of their effects, and checks which effects are left. A run that survives a fault, for
 * example by a retry, is made to fail at its end: whatever went wrong, nothing may be left.
 *
 * Sweeps are deterministic and take no real time: waits end immediately, and a call that is to time
 * out is given up at once and continues, as if it ignored its signal. A sweep needs fakes instead
 * of real services, reset before each run: see `setup`.
 *
 * @param target A pipeline, or any other step.
 * @param args Its args, or a function that returns them for each run.
 * @param options The ledger, the deps if the pipeline declares any, and the selection of cases.
 * @returns The report of all cases; see `assertCompensated`.
 * @throws {ConfigError} If the pipeline fails without a fault, if there are more cases than
 * `maxCases`, or if an option is invalid.
 *
 * @example Usage
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const books = ledger();
 * const reserve = step({
 *   name: "reserve",
 *   run: async (ctx: { sku: string }, { defer }) => {
 *     defer({ run: () => books.forbid("reservation", ctx.sku), timeout: 5_000 });
 *     await books.add("reservation", ctx.sku);
 *   },
 * });
 * const ship = step({ name: "ship", run: () => {} });
 * const order = pipeline({ name: "order", steps: [reserve, ship] });
 *
 * const report = await sweep(order, { sku: "tea" }, { ledger: books });
 * assertCompensated(report);
 * assertEquals(report.rows.length, 16);
 * ```
 */
export async function sweep<S extends AnyStep>(
  target: S,
  args: OwnArgs<S> | (() => MaybePromise<OwnArgs<S>>),
  ...[options = {}]: unknown extends OwnDeps<S> ? [options?: SweepOptions]
    : [options: SweepOptions<OwnDeps<S>> & { readonly deps: object }]
): Promise<SweepReport> {
  const node = checkStep("sweep a pipeline", "target", target);
  const action = `sweep '${node.name}'`;
  checkSweep(action, options);
  const { setup, maxCases = 1000, sample, deps, events } = options;
  const runner = new Runner(node, sharedOf(node, options), async () => {
    await setup?.();
    return { args: await given(args), deps: await given(deps), events };
  });

  const doomed = await runner.run(new Map(), true);
  checkSucceeds(action, doomed);
  const clean = await runner.run(new Map(), false);
  checkAwaits(action, clean);
  const judge = new Judge(doomed, clean, {
    undoable: undoableIn(node),
    idempotent: idempotentIn(node),
  });
  const end = endOf(node.name);
  const agenda = new Agenda(action, wantedOf(options), end, doomed, { maxCases, sample });
  const rows: SweepRow[] = [];
  const unreached = new Set(stepsIn(node, ({ undos }) => undos !== undefined));
  for (let one = agenda.take(); one; one = agenda.take()) {
    const { row, seen } = one === end
      ? { row: judge.judge(end, doomed, true), seen: doomed }
      : await runner.try(one, judge);
    if (agenda.isWanted(one)) rows.push(row);
    agenda.learn(one, seen);
    strikeOff(unreached, seen);
  }
  agenda.checkPatterns();
  strikeOff(unreached, doomed);
  return makeReport(node.name, runner.runs, judge.effects, rows, [...unreached]);
}

function given(value: unknown): unknown {
  return typeof value === "function" ? value() : value;
}

/** The paths of steps for which a condition holds. */
function stepsIn(root: Node, holds: (node: Node) => boolean): ReadonlySet<string> {
  return new Set([...placesIn(root)].filter(({ node }) => holds(node)).map(({ path }) => path));
}

/** Removes the steps that a run has called. */
function strikeOff(steps: Set<string>, { host: { calls } }: Observed): void {
  for (const { path } of calls) steps.delete(withoutIndexes(stepOf(path)));
}

function undoableIn(root: Node): ReadonlySet<string> {
  return stepsIn(root, ({ undos = [] }) => undos.length > 0);
}

function idempotentIn(root: Node): ReadonlySet<string> {
  return stepsIn(root, ({ policy }) => policy?.idempotent === true);
}

/** The case without any fault but the failure at the end. */
function endOf(name: string): Case {
  // No call has this id, as paths do not contain the pipeline's own name.
  const call: Call = {
    id: name,
    path: name,
    kind: "predicate",
    attempt: 1,
    ctx: undefined,
    runId: "",
    key: "",
  };
  return { call, fault: "end", plan: new Map() };
}

/**
 * Requires a run without faults to reach its end; whether it can be undone is a separate case.
 */
function checkSucceeds(action: string, { result, hung, host }: Observed): void {
  if (result?.success === false && result.failedStep === END) return;
  const problem = `${action} as its run must succeed where nothing goes wrong`;
  if (result?.success === false) {
    const { failedStep, error } = result;
    const message = `Cannot ${problem}: it failed in '${failedStep}': ${show(error)}`;
    throw new ConfigError(message, { cause: error });
  }
  const pending = host.calls.filter(({ id }) => hung.includes(id));
  if (pending.some(({ kind }) => kind !== "undo") || pending.length === 0) {
    throw new ConfigError(`Cannot ${problem}: it does not end, [${hung}] never settles`);
  }
}

/** Rejects unawaited effects, which may happen at any time, or never. */
function checkAwaits(action: string, { host: { notAwaited } }: Observed): void {
  if (!notAwaited) return;
  const { call, what } = notAwaited;
  const problem = `${action} as fakes must await what they ask of the ledger`;
  throw new ConfigError(`Cannot ${problem}: '${call.id}' succeeded before '${what}' had happened`);
}

function sharedOf(root: Node, { ledger, patience = 1000, error }: SweepOptions): Shared {
  return {
    books: ledger ?? new InferredBooks(undoableIn(root)),
    patience,
    error: error ?? (({ id }) => new Error(`thrown by the sweep in '${id}'`)),
    stuck: new Set(),
  };
}

function wantedOf({ faults = allFaults, only, except = [] }: SweepOptions): Wanted {
  return { faults, only: only === undefined ? undefined : [only].flat(), except: [except].flat() };
}

function checkSweep(action: string, options: SweepOptions): void {
  checkOptions(action, options, [
    "deps",
    "events",
    "ledger",
    "setup",
    "faults",
    "only",
    "except",
    "maxCases",
    "sample",
    "error",
    "patience",
  ]);
  const { events, ledger, setup, faults, only, except, maxCases, sample, error, patience } =
    options;
  if (events !== undefined) checkFunction(action, "events.wait", events?.wait);
  if (ledger !== undefined) {
    checkFunction(action, "ledger.left", ledger?.left);
    checkFunction(action, "ledger.clear", ledger?.clear);
  }
  if (setup !== undefined) checkFunction(action, "setup", setup);
  if (error !== undefined) checkFunction(action, "error", error);
  checkArray(action, "faults", faults);
  if (faults?.length === 0) refuse(action, "'faults' must have at least one fault", faults);
  const strange = faults?.find((fault) => !allFaults.includes(fault));
  if (strange !== undefined) {
    refuse(action, `'faults' must be among ${allFaults.join(", ")}`, strange);
  }
  for (const [name, patterns] of Object.entries({ only, except })) {
    const other = [patterns === undefined ? [] : patterns].flat().find((pattern) =>
      typeof pattern !== "string"
    );
    if (other !== undefined) refuse(action, `'${name}' must be a string or several`, other);
  }
  checkCount(action, "maxCases", maxCases);
  checkCount(action, "patience", patience);
  if (sample === undefined) return;
  checkOptions(action, sample, ["count", "seed"]);
  checkCount(action, "sample.count", sample.count);
  if (!Number.isSafeInteger(sample.seed)) {
    refuse(action, "'sample.seed' must be an integer", sample.seed);
  }
}

function checkCount(action: string, name: string, value: number | undefined): void {
  if (value === undefined || Number.isSafeInteger(value) && value > 0) return;
  refuse(action, `'${name}' must be a positive integer`, value);
}
