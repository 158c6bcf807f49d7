import { cast } from "../values/cast.ts";
import type { KeyUndo, UndoPolicy } from "../api/info.ts";
import { type ItemOptions, MAX_TIMER_MS, type Patience, type RetryPolicy } from "../api/policy.ts";
import { withValue } from "../values/show.ts";
import { errorWith } from "./error_with.ts";
import { ConfigError } from "./errors.ts";

/** Throws a `ConfigError` that states the action, the constraint and the current value. */
export function refuse(
  action: string,
  constraint: string,
  value: unknown,
): never {
  throw errorWith(ConfigError, withValue(`Cannot ${action} as ${constraint}`, value));
}

/**
 * Requires an object with known options only; returns a copy, which the caller can no longer
 * change.
 */
export function checkOptions<Options>(
  action: string,
  def: Options,
  known: readonly string[],
): Options {
  checkObject(action, def);
  for (const key of Object.keys(def)) {
    if (!known.includes(key)) {
      refuse(action, `its options must be among ${known.join(", ")}`, key);
    }
  }
  // Read by name, as an option may be a getter of a class, like the signal of an AbortController.
  const own: Record<string, unknown> = {};
  for (const key of known) {
    const value = cast<Record<string, unknown>>(def)[key];
    if (value !== undefined) own[key] = value;
  }
  return cast(own);
}

/** Requires an object of options. */
export function checkObject(action: string, options: unknown): asserts options is object {
  if (typeof options !== "object" || options === null) {
    refuse(action, "its definition must be an object", options);
  }
}

/** Refuses an option that is not what it must be. */
export function checkValid(
  action: string,
  name: string,
  value: unknown,
  isValid: boolean,
  constraint: string,
): void {
  if (!isValid) refuse(action, `'${name}' must be ${constraint}`, value);
}

/** Requires an array or `undefined`. */
export function checkArray(action: string, name: string, value: unknown): void {
  checkValid(action, name, value, value === undefined || Array.isArray(value), "an array");
}

/** Requires a boolean or `undefined`. */
export function checkBoolean(action: string, name: string, value: unknown): void {
  checkValid(action, name, value, ["undefined", "boolean"].includes(typeof value), "a boolean");
}

/** Requires an `AbortSignal` of any implementation, or `undefined`. */
export function checkSignal(action: string, value: unknown): void {
  const listen = (value as Partial<AbortSignal> | null | undefined)?.addEventListener;
  const isValid = value === undefined || typeof listen === "function";
  checkValid(action, "signal", value, isValid, "an AbortSignal");
}

/**
 * Requires a string that is not empty: the id of a run, or the name of an event.
 *
 * @param action What must not be done with it, such as "send an event".
 * @param what What the value is.
 * @param value The value.
 * @throws {ConfigError} If it is anything else.
 */
export function checkText(action: string, what: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  refuse(action, `${what} must be a string that is not empty`, value);
}

/** Requires a key that may hold an output in the context. */
export function checkKey(action: string, name: string, key: unknown): void {
  checkText(action, `'${name}'`, key);
  // No output of a step may have this key, as assigning it sets the prototype.
  checkValid(action, name, key, key !== "__proto__", "another key");
}

export function checkFunction(action: string, name: string, value: unknown): void {
  checkValid(action, name, value, typeof value === "function", "a function");
}

/** Requires a Standard Schema or `undefined`. */
export function checkSchema(action: string, name: string, value: unknown): void {
  const schema = value as { "~standard"?: { validate?: unknown } } | null | undefined;
  const isValid = value === undefined || typeof schema?.["~standard"]?.validate === "function";
  checkValid(action, name, value, isValid, "a Standard Schema");
}

/** Requires a number of milliseconds that a timer can represent, or `undefined`. */
export function checkMs(action: string, name: string, value: unknown, least: number): void {
  const isValid = value === undefined ||
    typeof value === "number" && value >= least && value <= MAX_TIMER_MS;
  const constraint = `a number of milliseconds from ${least} to ${MAX_TIMER_MS}`;
  checkValid(action, name, value, isValid, constraint);
}

/** Requires a timeout that a timer can represent, or `undefined`. */
export function checkTimeout(action: string, value: unknown): void {
  checkMs(action, "timeout", value, 1);
}

export function checkPatience(action: string, { graceMs, lateMs, overlap }: Patience): void {
  checkMs(action, "graceMs", graceMs, 0);
  checkMs(action, "lateMs", lateMs, 1);
  const isValid = [undefined, "allow", "never"].includes(overlap);
  checkValid(action, "overlap", overlap, isValid, "'allow' or 'never'");
}

/** Requires a valid retry policy or `undefined`; returns a copy. */
export function checkRetry(
  action: string,
  policy: RetryPolicy | undefined,
): RetryPolicy | undefined {
  if (policy === undefined) return undefined;
  const own = checkOptions(action, policy, [
    "count",
    "delay",
    "backoff",
    "jitter",
    "maxDelay",
    "retryIf",
  ]);
  const { count, delay, backoff, jitter, maxDelay, retryIf } = own;
  const isCount = count === Infinity || Number.isSafeInteger(count) && count >= 0;
  checkValid(action, "count", count, isCount, "a non-negative integer");
  if (typeof delay !== "function") checkMs(action, "delay", delay, 0);
  else if (backoff !== undefined) {
    refuse(action, "'backoff' must not stand beside a 'delay' that is a function", backoff);
  }
  checkMs(action, "maxDelay", maxDelay, 0);
  const isShare = jitter === undefined ||
    typeof jitter === "number" && jitter >= 0 && jitter <= 1;
  checkValid(action, "jitter", jitter, isShare, "between 0 and 1");
  const isBackoff = typeof backoff === "number"
    ? backoff >= 1 && backoff < Infinity
    : [undefined, "linear", "exponential", "fixed"].includes(backoff);
  const backoffs = "'linear', 'exponential', 'fixed' or a factor of at least 1";
  checkValid(action, "backoff", backoff, isBackoff, backoffs);
  if (retryIf !== undefined) checkFunction(action, "retryIf", retryIf);
  return Object.freeze(own);
}

/** Requires an undo, as a function or with policies and `more` options; returns the latter. */
export function checkUndo<Undo>(
  action: string,
  place: string,
  path: string,
  undo: Undo | KeyUndo<Undo>,
  more: readonly string[] = [],
): KeyUndo<Undo> {
  if (typeof undo === "function") return { run: undo };
  const options = ["run", "retry", "timeout", ...more];
  if (typeof undo !== "object" || undo === null) {
    refuse(action, `${place} must be a function or { ${options.join(", ")} }`, undo);
  }
  const own = checkOptions(`undo '${path}'`, cast<KeyUndo<Undo>>(undo), options);
  checkFunction(`undo '${path}'`, "run", own.run);
  checkTimeout(`time the rollback of '${path}'`, own.timeout);
  const retry = checkRetry(`retry the rollback of '${path}'`, own.retry);
  checkMs(`undo '${path}'`, "afterMs", own.afterMs, 0);
  return { ...own, retry };
}

/** Requires an object of undos by name; returns them with their policies. */
export function checkUndos<Undo>(
  action: string,
  path: string,
  undos: Readonly<Record<string, Undo | UndoPolicy<Undo>>>,
): Readonly<Record<string, UndoPolicy<Undo>>> {
  if (typeof undos !== "object" || undos === null) {
    refuse(action, "'undos' must be an object of functions", undos);
  }
  return Object.fromEntries(
    Object.entries(undos).map(([name, undo]) => [
      name,
      checkUndo(action, `'undos.${name}'`, path, undo),
    ]),
  );
}

/** Requires valid options of a group; returns a copy. */
export function checkGroup<Options extends ItemOptions>(
  action: string,
  options: Options,
  policies: readonly string[],
  more: readonly string[] = [],
): Options {
  const known = ["concurrency", "onFailure", "undoConcurrency", ...more];
  const own = checkOptions(action, options, known);
  const { concurrency, onFailure, undoConcurrency } = own;
  for (const [name, limit] of Object.entries({ concurrency, undoConcurrency })) {
    const isValid = limit === undefined || limit === Infinity ||
      Number.isSafeInteger(limit) && limit > 0;
    checkValid(action, name, limit, isValid, "a positive integer");
  }
  const isPolicy = onFailure === undefined || policies.includes(onFailure);
  checkValid(action, "onFailure", onFailure, isPolicy, `among ${policies.join(", ")}`);
  return own;
}
