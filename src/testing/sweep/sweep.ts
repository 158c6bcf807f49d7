import type { Call } from "../../api/host.ts";
import type { AnyStep } from "../../api/step.ts";
import { checkStep } from "../../engine/children.ts";
import type { Node } from "../../engine/node.ts";
import { checkFunction, checkOptions, refuse } from "../../report/checks.ts";
import { ConfigError } from "../../report/errors.ts";
import { placesIn } from "../places.ts";
import type { RequiresOf } from "../../types/of.ts";
import { cast } from "../../values/cast.ts";
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

/** How a sweep goes about it. */
export interface SweepOptions {
  /**
   * Where to see which effects stand: the `ledger()` that the fakes ask for them, or books of your own, which faults
   * reach only before and after whole steps. It is cleared before every run. Without one the effects are inferred: an attempt of a step that has an undo is one until the undo has
   * succeeded. That finds much less, as it takes the undo's word for what it has undone.
   */
  readonly ledger?: Books | undefined;
  /** Called before every run, to make all fakes clean. */
  readonly setup?: (() => MaybePromise<unknown>) | undefined;
  /**
   * Which faults there are.
   *
   * @default {["before", "after", "late", "overtaken", "invalid", "abort", "hang", "end"]}
   */
  readonly faults?: readonly Fault[] | undefined;
  /**
   * The only cases to run: `"chargePayment@2: late"`, or less of it, or `"chargePayment@1!effect1: overtaken"`. A path or
   * an id without a fault stands for all its cases; indexes of items may be left out.
   */
  readonly only?: string | readonly string[] | undefined;
  /** Cases that cannot happen, in the same form: `"reserveStock: after"` for a transaction. */
  readonly except?: string | readonly string[] | undefined;
  /**
   * How many cases there may be. A case takes one run, or two where the run goes on in spite of the fault.
   *
   * @default {1000}
   */
  readonly maxCases?: number | undefined;
  /** Takes so many cases at random where there are more; the same ones for the same seed. Retries come on top. */
  readonly sample?: { readonly count: number; readonly seed: number } | undefined;
  /**
   * What faults throw; for a step whose `retryIf` looks at its errors give one that is retried.
   *
   * @default {(call) => new Error(`thrown by the sweep in '${call.id}'`)}
   */
  readonly error?: ((call: Call) => Error) | undefined;
  /**
   * How long a run may do nothing at all before it is taken to hang, in milliseconds. The only real time in a sweep, and
   * only a fake that never settles lets it pass.
   *
   * @default {1000}
   */
  readonly patience?: number | undefined;
}

/**
 * Proves the rollbacks of a pipeline: learns from a clean run what it does, and then runs it once for every call of a
 * step, an item or an undo, every attempt, every effect in them, and every fault, and looks at what stands after it. A run that goes on in
 * spite of a fault, by a retry say, is made to fail at its end: nothing may stand in the end, whatever went wrong.
 *
 * Nothing is left to chance, and no time passes: waits are over at once, and what is to time out is given up at once and
 * goes on, as what ignores its signal does. It needs fakes in place of real services, and each run must begin with clean
 * ones: see `setup`.
 *
 * @param target A pipeline, or any other step.
 * @param args Its args, or a function that makes them for every run.
 * @param options What to look at, and which cases to run.
 * @returns Every case, and what came of it; see `assertCompensated`.
 * @throws {ConfigError} If the pipeline fails without any fault, if there are more cases than `maxCases`, or if an option
 * is wrong.
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
  args: RequiresOf<S> | (() => MaybePromise<RequiresOf<S>>),
  options: SweepOptions = {},
): Promise<SweepReport> {
  const node = checkStep("sweep a pipeline", "target", target);
  const action = `sweep '${node.name}'`;
  checkSweep(action, options);
  const { setup, maxCases = 1000, sample } = options;
  const runner = new Runner(node, sharedOf(options), async () => {
    await setup?.();
    return typeof args === "function" ? await cast<() => unknown>(args)() : args;
  });

  const doomed = await runner.run(new Map(), true);
  checkSucceeds(action, doomed);
  const clean = await runner.run(new Map(), false);
  checkAwaits(action, clean);
  const judge = new Judge(doomed, clean, idempotentIn(node));
  const end = endOf(node.name);
  const agenda = new Agenda(action, wantedOf(options), end, doomed, { maxCases, sample });
  const rows: SweepRow[] = [];
  for (let one = agenda.take(); one; one = agenda.take()) {
    const { row, seen } = one === end
      ? { row: judge.judge(end, doomed, true), seen: doomed }
      : await runner.try(one, judge);
    if (agenda.isWanted(one)) rows.push(row);
    agenda.learn(one, seen);
  }
  agenda.checkPatterns();
  return makeReport(node.name, runner.runs, judge.effects, rows);
}

function idempotentIn(root: Node): ReadonlySet<string> {
  const steps = [...placesIn(root)].filter(({ node }) => node.policy?.idempotent);
  return new Set(steps.map(({ path }) => path));
}

/** The case in which nothing goes wrong but the end. */
function endOf(name: string): Case {
  // No call has this id: the name of a pipeline is in no path of its own.
  const call: Call = { id: name, path: name, kind: "predicate", attempt: 1, ctx: undefined };
  return { call, fault: "end", plan: new Map() };
}

/** Without faults a run must come to its end; whether it can be undone then is a case. */
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

/** An effect that nobody waits for may happen at any time, or never. */
function checkAwaits(action: string, { host: { notAwaited } }: Observed): void {
  if (!notAwaited) return;
  const { call, what } = notAwaited;
  const problem = `${action} as fakes must await what they ask of the ledger`;
  throw new ConfigError(`Cannot ${problem}: '${call.id}' succeeded before '${what}' had happened`);
}

function sharedOf({ ledger, patience = 1000, error }: SweepOptions): Shared {
  return {
    books: ledger ?? new InferredBooks(),
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
  const { ledger, setup, faults, only, except, maxCases, sample, error, patience } = options;
  if (ledger !== undefined) {
    checkFunction(action, "ledger.left", ledger?.left);
    checkFunction(action, "ledger.clear", ledger?.clear);
  }
  if (setup !== undefined) checkFunction(action, "setup", setup);
  if (error !== undefined) checkFunction(action, "error", error);
  const strange = faults?.find((fault) => !allFaults.includes(fault));
  if (strange !== undefined) {
    refuse(action, `'faults' must be among ${allFaults.join(", ")}`, strange);
  }
  for (const [name, patterns] of Object.entries({ only, except })) {
    const other = [patterns ?? []].flat().find((pattern) => typeof pattern !== "string");
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
