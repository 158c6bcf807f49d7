/**
 * What the inferred types of steps, pipelines and builders are made of. Nobody needs to name any of it: it is here so that
 * TypeScript can, in the declaration files of those who export such values.
 *
 * @module
 */
export type {
  AllFit,
  ArgsFrom,
  BranchesFit,
  ChoiceBranch,
  EachFits,
  Fits,
  Ready,
  Sight,
  Then,
} from "./builder.ts";
export type {
  AllAdded,
  AllNeeds,
  Chosen,
  ContextOf,
  Ctx,
  DefaultOf,
  Either,
  If,
  IsReal,
  Names,
  Need,
  NoContext,
  Plus,
  RealSteps,
  StepOf,
  StepsOf,
  Together,
  When,
} from "./combinators.ts";
export type { Fold, Folded, Rules, Taken } from "./fold.ts";
export type {
  Also,
  AsFits,
  Collected,
  Distributed,
  Each,
  Filtered,
  FlatMapped,
  GivesList,
  ItemFits,
  ItemOf,
  ItemsOf,
  ListsFit,
  MapNeeds,
  Mapped,
  PerItem,
  Spread,
  Takes,
} from "./items.ts";
export type { Made } from "./made.ts";
export type {
  AsIssue,
  CollectionIssue,
  Issue,
  ItemIssue,
  ListIssue,
  ListOfIssue,
  NoObjectIssue,
  NotNew,
  OutputIssue,
  TakesIssue,
  Wrong,
} from "./messages.ts";
export type {
  Added,
  Collapse,
  Declared,
  Flat,
  IsUnion,
  Over,
  SureKeys,
  Without,
} from "./objects.ts";
export type { CreatedBy } from "./of.ts";
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
  RulesOf,
  Start,
  StepsFit,
  StepsFold,
} from "./pipeline.ts";
export type { Alike } from "./spelling.ts";
export type {
  IsNoOutput,
  Needed,
  ObjectSchema,
  Provided,
  RollbackOutput,
  RunFunction,
  Seen,
  Unset,
} from "./step.ts";
export type { Last, Show, ShowKeys } from "./text.ts";
export type { watching } from "../api/observer.ts";
export type { engine } from "../api/step.ts";
