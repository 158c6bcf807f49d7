/**
 * Tools for testing pipelines: run one step on its own, replace steps by fakes, record the order of
 * effects and undos, and prove that everything is undone whatever goes wrong.
 *
 * @example Prove the rollback of a checkout
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
 *
 * const books = ledger();
 * const payments = {
 *   charge: (key: string, signal: AbortSignal) => books.addOnce("charge", key, { signal }),
 *   // This also forbids a charge that has not happened yet.
 *   void: (key: string) => books.forbid("charge", key),
 * };
 *
 * const charge = step({
 *   name: "charge",
 *   timeout: 5_000,
 *   retry: { count: 2, delay: 200 },
 *   run: (_ctx, { key, signal }) => payments.charge(key, signal),
 *   undoByKey: { run: (_ctx, { effectKey }) => payments.void(effectKey), timeout: 5_000 },
 * });
 * const ship = step({ name: "ship", run: () => {} });
 * const checkout = pipeline({ name: "checkout", steps: [charge, ship] });
 *
 * assertCompensated(await sweep(checkout, {}, { ledger: books }));
 * ```
 *
 * @module
 */
export { assertUndoDeclared, type UndoDeclaredOptions } from "./assert_undo_declared.ts";
export { type RecordedCall, type Recorder, recorder } from "./recorder.ts";
export { runStep, type StepRun } from "./run_step.ts";
export { type Fake, stub } from "./stub.ts";
export type { Fault } from "./sweep/faults.ts";
export { assertCompensated } from "./sweep/assert_compensated.ts";
export {
  type Books,
  type CallOptions,
  type EffectOptions,
  type Ledger,
  ledger,
  type LedgerEntry,
} from "./sweep/ledger.ts";
export type {
  LeftEffect,
  SweepEffect,
  SweepOutcome,
  SweepReport,
  SweepRow,
} from "./sweep/report.ts";
export { sweep, type SweepOptions } from "./sweep/sweep.ts";
export type {
  ConformAdapter,
  ConformTarget,
  Saga,
  SagaAnswer,
  SagaArgs,
  SagaEnd,
  SagaEnding,
  SagaEvent,
  SagaOutside,
} from "./conform/adapter.ts";
export { assertConforms } from "./conform/assert_conforms.ts";
export {
  conform,
  type ConformOptions,
  type ConformReport,
  type ConformRun,
} from "./conform/conform.ts";
export { inProcess, type InProcessRuns, type Mortal } from "./conform/in_process.ts";
export { saga, type SagaOptions } from "./conform/saga.ts";
export { sagaEnd } from "./conform/saga_end.ts";
