/**
 * The building blocks of the inferred types of steps, pipelines and builders. Users never need to
 * name them: they are exported so that TypeScript can, in the declaration files of code that
 * exports such values.
 *
 * @module
 */
export type {
  BranchAt,
  Chosen,
  Guarded,
  If,
  PredicateOf,
  Present,
  ReadBy,
  Unproven,
  When,
} from "./branches.ts";
export type {
  ArgsAfter,
  ArgsChecked,
  ArgsFrom,
  ArgsGiven,
  ArgsInferred,
  Begun,
  ChecksOf,
  StrictArgsChecked,
  StrictArgsGiven,
  StrictArgsInferred,
  WithDeps,
} from "./build_state.ts";
export type { BuilderAfter, BuilderWithin, Finished, Ready } from "./builder.ts";
export type {
  AllAdded,
  AllNeeds,
  ContextOf,
  Ctx,
  Gathered,
  IsReal,
  Merge,
  Names,
  NoContext,
  ParallelMode,
  Plus,
  Together,
} from "./combinators.ts";
export type {
  AllFit,
  BranchesFit,
  ChoiceBranch,
  DistributeFits,
  EachFits,
  Fits,
  PredicateFits,
  Sight,
  Then,
  WhenFits,
} from "./fits.ts";
export type { Alternative, FallbackFits, Fallen, Forgiving } from "./fallback.ts";
export type {
  AddedKeys,
  Adding,
  End,
  Fold,
  FoldAll,
  Folded,
  FoldOne,
  Indexes,
  Mistake,
  Room,
  Rules,
  Taken,
} from "./fold.ts";
export type { InputsFit, Renamed } from "./inputs.ts";
export type {
  Also,
  AsFits,
  Collected,
  Distributed,
  Each,
  Filtered,
  FlatMapped,
  GivesList,
  IsFunction,
  ItemFits,
  ItemOf,
  ItemsOf,
  KeyOfNeeds,
  ListsFit,
  MapNeeds,
  Mapped,
  PerItem,
  Spread,
  Takes,
} from "./items.ts";
export type { HeldKeys, heldMark } from "./held.ts";
export type { Made, Which } from "./made.ts";
export type { AddedBy, MiddlewareFits, Own, WithoutAdded } from "./middleware.ts";
export type {
  AddedIssue,
  AsIssue,
  CollectionIssue,
  DepsIssue,
  Fetched,
  Issue,
  ItemIssue,
  ListIssue,
  ListOfIssue,
  NoBranch,
  NoEach,
  NoObjectIssue,
  NoOutputIssue,
  NoStep,
  NothingIssue,
  NotNew,
  OutputIssue,
  Ran,
  TakesIssue,
  UnneededIssue,
  Wrong,
} from "./messages.ts";
export type {
  Added,
  Collapse,
  Declared,
  Flat,
  IsUnion,
  Over,
  Picked,
  SureKeys,
  Without,
} from "./objects.ts";
export type { CreatedBy, OwnArgs, OwnDeps } from "./of.ts";
export type {
  AddsOf,
  ArgsOf,
  Built,
  CtxOf,
  DataOf,
  DepsFit,
  DepsOf,
  GivenArgs,
  IsOpen,
  NothingTaken,
  OutputFits,
  RulesOf,
  Start,
  StepsFit,
  StepsFold,
  StepsOf,
  WithoutDeps,
} from "./pipeline.ts";
export type { Forward, MadeStep, Noted, onceMark, pivotMark, PivotOf, Step } from "./pivot.ts";
export type { Alike } from "./spelling.ts";
export type {
  Needed,
  NoOutput,
  ObjectSchema,
  Plain,
  Provided,
  RollbackOutput,
  RunFunction,
  Seen,
  Unset,
} from "./step.ts";
export type { NotAStep, StepIn, StepShape } from "./step_in.ts";
export type { Last, Show, ShowKeys } from "./text.ts";
export type { watching } from "../api/observer.ts";
export type { engine } from "../api/step.ts";
