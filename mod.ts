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
export { choice } from "./src/combinators/choice.ts";
export { distribute } from "./src/combinators/distribute.ts";
export { filter } from "./src/combinators/filter.ts";
export { flatMap } from "./src/combinators/flat_map.ts";
export { map } from "./src/combinators/map.ts";
export { type Parallel, parallel } from "./src/combinators/parallel.ts";
export { when } from "./src/combinators/when.ts";
export type { Context } from "./src/context.ts";
export type { ErrorJSON, IssueJSON, JSONOptions } from "./src/error_json.ts";
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
} from "./src/errors.ts";
export { type Made, pipeline } from "./src/pipeline.ts";
export type {
  Failure,
  Result,
  RollbackFailure,
  RollbackReport,
  RunMeta,
  Success,
} from "./src/result.ts";
export type {
  Schema,
  SchemaIn,
  SchemaIssue,
  SchemaOut,
  SchemaResult,
} from "./src/standard_schema.ts";
export { step } from "./src/step.ts";
export { type AsJSON, type ReportJSON, type ResultJSON, toJSON } from "./src/to_json.ts";
export { typed } from "./src/typed.ts";
export type {
  Added,
  Collapse,
  Declared,
  Flat,
  IsUnion,
  Over,
  SureKeys,
  Without,
} from "./src/types_objects.ts";
export type { Last, Show, ShowKeys } from "./src/types_show.ts";
export type { Alike } from "./src/types_alike.ts";
export type { Issue, NotNew, OutputIssue } from "./src/types_check.ts";
export type { Fold, Folded, Rules, Taken } from "./src/types_fold.ts";
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
} from "./src/types_combinators.ts";
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
} from "./src/types_step.ts";
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
} from "./src/types_pipeline.ts";
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
} from "./src/types_builder.ts";
export type {
  AnyStep,
  Collection,
  engine,
  GroupOptions,
  ItemFailure,
  ItemInfo,
  ItemOptions,
  LateReport,
  MapOptions,
  MaybePromise,
  Middleware,
  NameOf,
  Next,
  OnFailure,
  Pipeline,
  Predicate,
  ProvidesOf,
  RequiresOf,
  RetryPolicy,
  RollbackInfo,
  RunInfo,
  RunOptions,
  Step,
  StepInfo,
  StepLike,
  StepResult,
  Undo,
  UndoPolicy,
} from "./src/types.ts";
export type { Call, Host, Outcome } from "./src/types_host.ts";
export { unwrap } from "./src/unwrap.ts";
