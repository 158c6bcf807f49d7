/**
 * Runs that outlive the process, recorded in a table of your own database.
 *
 * @module
 */
export { type Codec, codec, type ErrorClass } from "./codec.ts";
export type { Durable, DurableDeps, DurableOptions, RecordOptions, Runnable } from "./contract.ts";
export { durable } from "./durable.ts";
export { type RunState } from "./run_state.ts";
export { type Store } from "./store.ts";
export { type Engine, engineHost } from "./engine_host.ts";
export { endOf, resultOf, type RunEnd, type RunFailed, type RunSucceeded } from "./end.ts";
export { type OptionRule, Runner, type RunnerLimits, type RunnerRun } from "./runner.ts";
export { lackOf, type Part, type RunStart, shapeOf } from "./shape.ts";
export { checkText } from "../report/checks.ts";
