/**
 * Type-safe, composable pipelines for business logic: small steps with declared inputs and outputs;
 * a frozen and fully typed context; retries, timeouts and cancellation; and rollback of completed
 * steps when one fails.
 *
 * @example A checkout
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 * import { type } from "arktype";
 *
 * const validateOrder = step({
 *   name: "validateOrder",
 *   requires: type({ orderId: "string", amount: "number > 0" }),
 *   run: () => ({ validated: true }),
 * });
 * const chargePayment = step({
 *   name: "chargePayment",
 *   requires: type({ orderId: "string", amount: "number" }),
 *   provides: type({ chargeId: "string" }),
 *   run: (ctx) => ({ chargeId: `ch_${ctx.orderId}` }),
 *   rollback: (_ctx, output) => console.log("refunded", output.chargeId),
 * });
 * const checkout = pipeline({ name: "checkout", steps: [validateOrder, chargePayment] });
 *
 * const result = await checkout.run({ orderId: "123", amount: 50 });
 * assertEquals(result.success && result.data.chargeId, "ch_123");
 * ```
 *
 * @module
 */
export type { BranchFailure, Collection, ItemFailure, Predicate } from "./src/api/collection.ts";
export type { Call, Deferred, DurableHost, Host, NamedUndo, Outcome } from "./src/api/host.ts";
export type {
  CollectionInfo,
  Defer,
  ItemInfo,
  RollbackInfo,
  RunInfo,
  Undo,
  UndoPolicy,
} from "./src/api/info.ts";
export type {
  AddingMiddleware,
  Middleware,
  Next,
  StepInfo,
  StepResult,
} from "./src/api/middleware.ts";
export type { Watcher } from "./src/api/observer.ts";
export type {
  GroupOptions,
  ItemOptions,
  MapOptions,
  OnFailure,
  RetryPolicy,
} from "./src/api/policy.ts";
export type {
  Failure,
  Result,
  RollbackFailure,
  RollbackReport,
  RunMeta,
  Success,
} from "./src/api/result.ts";
export type { LateReport } from "./src/api/late_report.ts";
export type { EventSource, RunOptions, RunOptionsWithDeps } from "./src/api/run.ts";
export type { Schema, SchemaIn, SchemaIssue, SchemaOut, SchemaResult } from "./src/api/schema.ts";
export type {
  AnyStep,
  CheckedDepsPipeline,
  CheckedPipeline,
  DepsPipeline,
  Pipeline,
  Step,
  StepLike,
} from "./src/api/step.ts";
export { choice } from "./src/combinators/choice.ts";
export { distribute } from "./src/combinators/distribute.ts";
export { fallback } from "./src/combinators/fallback.ts";
export { filter } from "./src/combinators/filter.ts";
export { flatMap } from "./src/combinators/flat_map.ts";
export { map } from "./src/combinators/map.ts";
export { type Parallel, parallel } from "./src/combinators/parallel.ts";
export { when } from "./src/combinators/when.ts";
export { withInputs } from "./src/combinators/with_inputs.ts";
export type { ErrorJSON, JSONOptions } from "./src/report/error_json.ts";
export type { IssueJSON } from "./src/report/safe_issue.ts";
export {
  AbortedError,
  ArgsValidationError,
  ChoiceNoMatchError,
  ConfigError,
  type ErrorByCode,
  type ErrorCode,
  isRunsheetError,
  PredicateError,
  ProvidesValidationError,
  RequiresValidationError,
  RetryExhaustedError,
  RollbackError,
  RunsheetError,
  StrictOverlapError,
  TimeoutError,
  UnknownError,
  ValidationError,
} from "./src/report/errors.ts";
export { permanent } from "./src/report/permanent.ts";
export { type AsJSON, type ReportJSON, type ResultJSON, toJSON } from "./src/report/to_json.ts";
export { unwrap } from "./src/report/unwrap.ts";
export { deps } from "./src/schema/deps.ts";
export { typed } from "./src/schema/typed.ts";
export { pipeline } from "./src/steps/pipeline.ts";
export { resource } from "./src/steps/resource.ts";
export { sleep } from "./src/steps/sleep.ts";
export { step } from "./src/steps/step.ts";
export { waitFor, type WaitForOptions } from "./src/steps/wait_for.ts";
export type { Builder, BuildOptions } from "./src/types/builder.ts";
export type { ParallelOptions } from "./src/types/combinators.ts";
export type { NameOf, ProvidesOf, RequiresOf } from "./src/types/of.ts";
export type { Held } from "./src/types/held.ts";
export type { ReleaseFunction, ResourceDefinition } from "./src/types/resource.ts";
export type { PivotStep } from "./src/types/pivot.ts";
export type { PipelineDefinition, PipelineOptions } from "./src/types/pipeline.ts";
export type {
  KeyUndoFunction,
  KeyUndoPolicy,
  NamedUndoFunction,
  NamedUndoPolicy,
  RollbackFunction,
  RollbackPolicy,
  StepDefinition,
} from "./src/types/step.ts";
export type { Context } from "./src/values/context.ts";
export type { MaybePromise } from "./src/values/maybe_promise.ts";
// Lets declaration files of users' exports name the types that steps and pipelines are inferred
// from.
import type {} from "./src/types/mod.ts";
