/**
 * Type-safe, composable business-logic pipelines: small steps with declared inputs and outputs, a frozen and fully
 * typed context, retries, timeouts and cancellation, and compensation of completed steps when one fails.
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
export type { Collection, ItemFailure, Predicate } from "./src/api/collection.ts";
export type { Call, Host, Outcome } from "./src/api/host.ts";
export type { ItemInfo, RollbackInfo, RunInfo, Undo, UndoPolicy } from "./src/api/info.ts";
export type { Middleware, Next, StepInfo, StepResult } from "./src/api/middleware.ts";
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
export type { LateReport, RunOptions } from "./src/api/run.ts";
export type { Schema, SchemaIn, SchemaIssue, SchemaOut, SchemaResult } from "./src/api/schema.ts";
export type { AnyStep, engine, Pipeline, Step, StepLike } from "./src/api/step.ts";
export { choice } from "./src/combinators/choice.ts";
export { distribute } from "./src/combinators/distribute.ts";
export { filter } from "./src/combinators/filter.ts";
export { flatMap } from "./src/combinators/flat_map.ts";
export { map } from "./src/combinators/map.ts";
export { type Parallel, parallel } from "./src/combinators/parallel.ts";
export { when } from "./src/combinators/when.ts";
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
export { type AsJSON, type ReportJSON, type ResultJSON, toJSON } from "./src/report/to_json.ts";
export { unwrap } from "./src/report/unwrap.ts";
export { typed } from "./src/schema/typed.ts";
export { type Made, pipeline } from "./src/steps/pipeline.ts";
export { step } from "./src/steps/step.ts";
export type {
  AllFit,
  ArgsFrom,
  Branch,
  BranchesFit,
  Builder,
  EachFits,
  Fits,
  Ready,
  Sight,
  Then,
} from "./src/types/builder.ts";
export type {
  AllAdded,
  AllNeeds,
  Chosen,
  Collected,
  Ctx,
  DefaultOf,
  Distributed,
  Each,
  Either,
  Filtered,
  FlatMapped,
  If,
  ItemOf,
  MapNeeds,
  Mapped,
  Names,
  Need,
  Plus,
  RealSteps,
  Spread,
  StepOf,
  StepsOf,
  Together,
  When,
} from "./src/types/combinators.ts";
export type { Fold, Folded, Rules, Taken } from "./src/types/fold.ts";
export type { Issue, NotNew, OutputIssue } from "./src/types/messages.ts";
export type {
  Added,
  Collapse,
  Declared,
  Flat,
  IsUnion,
  Over,
  SureKeys,
  Without,
} from "./src/types/objects.ts";
export type { NameOf, ProvidesOf, RequiresOf } from "./src/types/of.ts";
export type {
  AddsOf,
  ArgsOf,
  Begin,
  CtxOf,
  DataOf,
  GivenArgs,
  IsOpen,
  NothingTaken,
  OutputFits,
  PipelineDefinition,
  PipelineOptions,
  RulesOf,
  Start,
  StepsFit,
  Walk,
} from "./src/types/pipeline.ts";
export type { Alike } from "./src/types/spelling.ts";
export type {
  IsNoOutput,
  Needed,
  ObjectSchema,
  Provided,
  RollbackFunction,
  RollbackPolicy,
  RunFunction,
  Seen,
  StepDefinition,
  Undone,
  Unset,
} from "./src/types/step.ts";
export type { Last, Show, ShowKeys } from "./src/types/text.ts";
export type { Context } from "./src/values/context.ts";
export type { MaybePromise } from "./src/values/maybe_promise.ts";
