import type { Host } from "./host.ts";
import type { LateReport } from "./late_report.ts";
import type { Watcher } from "./observer.ts";

/** Answers the steps made by `waitFor` in a run that stays in one process. */
export interface EventSource {
  /**
   * Waits for an event.
   *
   * @param name The event's name.
   * @param info The run's id, and a signal that aborts when the run no longer waits.
   * @returns The event's data.
   */
  wait(
    name: string,
    info: { readonly runId: string; readonly signal: AbortSignal },
  ): unknown;
}

/**
 * Options of `run()`.
 *
 * @example A run that a client can cancel
 * ```ts
 * import { isRunsheetError, step } from "@runsheet/runsheet";
 * import { assert } from "@std/assert";
 *
 * const gone = new AbortController();
 * const quote = step({ name: "quote", run: () => new Promise<void>(() => {}) });
 * setTimeout(() => gone.abort(), 5);
 * const result = await quote.run({}, { signal: gone.signal, runId: "quote-1" });
 * assert(!result.success && isRunsheetError(result.error, "ABORTED"));
 * ```
 */
export interface RunOptions {
  /**
   * Cancels the run: once it aborts, nothing new starts, and completed steps are rolled back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The run's id. Pass one if idempotency keys must outlive the process.
   *
   * @default {crypto.randomUUID()}
   */
  readonly runId?: string | undefined;
  /**
   * Makes a run that a step begins without its info independent: it is not undone when the step is.
   * Without this option, such a run is refused if it can be detected.
   *
   * @default {false}
   */
  readonly apart?: boolean | undefined;
  /** Carries out every effect and wait; without a host, the engine does so itself. */
  readonly host?: Host | undefined;
  /**
   * Called with the outcome of each abandoned attempt once it has settled and been undone, even
   * after the run has returned.
   */
  readonly onLate?: ((late: LateReport) => void) | undefined;
  /**
   * Called with a promise for each attempt or undo that the run does not wait for. Use it on
   * platforms that stop a worker once it has responded.
   */
  readonly waitUntil?: ((watch: Promise<unknown>) => void) | undefined;
  /** Answers the steps made by `waitFor`, unless a host does. */
  readonly events?: EventSource | undefined;
  /**
   * Observes everything that begins and ends in the run; made by `observe()` of
   * `@runsheet/runsheet/observe`.
   */
  readonly observer?: Watcher | undefined;
}

/**
 * Options of `run()` for a pipeline with deps.
 *
 * @example A client that no step imports
 * ```ts
 * import { deps, pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * interface Payments {
 *   charge(amount: number): string;
 * }
 * const charge = step({
 *   name: "charge",
 *   run: (ctx: { payments: Payments; amount: number }) => ({
 *     chargeId: ctx.payments.charge(ctx.amount),
 *   }),
 * });
 * const checkout = pipeline({
 *   name: "checkout",
 *   deps: deps<{ payments: Payments }>(),
 *   steps: [charge],
 * });
 *
 * const payments = { charge: (amount: number) => `charge of ${amount}` };
 * const result = await checkout.run({ amount: 50 }, { deps: { payments } });
 * assertEquals(result.success && result.data, { amount: 50, chargeId: "charge of 50" });
 * ```
 */
export interface RunOptionsWithDeps<Deps> extends RunOptions {
  /**
   * The deps that the pipeline declares, in a plain object. They are in contexts, but not in args,
   * data or records.
   */
  readonly deps: Deps;
}
