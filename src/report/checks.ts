import { cast } from "../values/cast.ts";
import type { KeyUndo, UndoPolicy } from "../api/info.ts";
import { type ItemOptions, MAX_TIMER_MS, type Patience, type RetryPolicy } from "../api/policy.ts";
import { message } from "../values/message.ts";
import { shown } from "../values/show.ts";
import { errorWith } from "./error_with.ts";
import { ConfigError } from "./errors.ts";

/** Throws a `ConfigError` that states the action, the constraint and the current value. */
export function refuse(
  action: string,
  constraint: string,
  value: unknown,
): never {
  const text = message`Cannot ${action} as ${constraint}: current value is ${shown(value)}`;
  throw errorWith(ConfigError, text);
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

/** Requires an array or `undefined`. */
export function checkArray(action: string, name: string, value: unknown): void {
  if (value !== undefined && !Array.isArray(value)) {
    refuse(action, `'${name}' must be an array`, value);
  }
}

/** Requires an `AbortSignal` of any implementation, or `undefined`. */
export function checkSignal(action: string, value: unknown): void {
  const listen = (value as Partial<AbortSignal> | null | undefined)?.addEventListener;
  if (value !== undefined && typeof listen !== "function") {
    refuse(action, "'signal' must be an AbortSignal", value);
  }
}

export function checkName(what: string, name: unknown): void {
  if (typeof name !== "string" || name === "") {
    refuse(
      `create a ${what}`,
      "'name' must be a string that is not empty",
      name,
    );
  }
}

/** Requires a key that may hold an output in the context. */
export function checkKey(action: string, name: string, key: unknown): void {
  if (typeof key !== "string" || key === "") {
    refuse(action, `'${name}' must be a string that is not empty`, key);
  }
  // No output of a step may have this key, as assigning it sets the prototype.
  if (key === "__proto__") refuse(action, `'${name}' must be another key`, key);
}

export function checkFunction(
  action: string,
  name: string,
  value: unknown,
): void {
  if (typeof value !== "function") {
    refuse(action, `'${name}' must be a function`, value);
  }
}

/** Requires a Standard Schema or `undefined`. */
export function checkSchema(
  action: string,
  name: string,
  value: unknown,
): void {
  if (value === undefined) return;
  const standard = (value as { "~standard"?: { validate?: unknown } } | null)
    ?.["~standard"];
  if (typeof standard?.validate !== "function") {
    refuse(action, `'${name}' must be a Standard Schema`, value);
  }
}

/** Requires a timeout that a timer can represent, or `undefined`. */
export function checkTimeout(action: string, value: unknown): void {
  if (value !== undefined) checkMs(action, "timeout", value, 1);
}

export function checkPatience(action: string, { graceMs, lateMs, overlap }: Patience): void {
  if (graceMs !== undefined) checkMs(action, "graceMs", graceMs, 0);
  if (lateMs !== undefined) checkMs(action, "lateMs", lateMs, 1);
  if (overlap !== undefined && !["allow", "never"].includes(overlap)) {
    refuse(action, "'overlap' must be 'allow' or 'never'", overlap);
  }
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
  if (count !== Infinity && !(Number.isSafeInteger(count) && count >= 0)) {
    refuse(action, "'count' must be a non-negative integer", count);
  }
  if (typeof delay === "function" && backoff !== undefined) {
    refuse(action, "'backoff' must not stand beside a 'delay' that is a function", backoff);
  }
  if (delay !== undefined && typeof delay !== "function") checkMs(action, "delay", delay, 0);
  if (maxDelay !== undefined) checkMs(action, "maxDelay", maxDelay, 0);
  if (
    jitter !== undefined &&
    !(typeof jitter === "number" && jitter >= 0 && jitter <= 1)
  ) {
    refuse(action, "'jitter' must be between 0 and 1", jitter);
  }
  const isFactor = typeof backoff === "number" && backoff >= 1 && backoff < Infinity;
  if (
    backoff !== undefined && !isFactor &&
    !["linear", "exponential", "fixed"].includes(backoff as string)
  ) {
    const constraint =
      "'backoff' must be 'linear', 'exponential', 'fixed' or a factor of at least 1";
    refuse(action, constraint, backoff);
  }
  if (retryIf !== undefined) checkFunction(action, "retryIf", retryIf);
  return Object.freeze(own);
}

/** Requires a boolean or `undefined`. */
export function checkBoolean(action: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    refuse(action, `'${name}' must be a boolean`, value);
  }
}

/** Requires an undo function or an undo with policies; returns the latter. */
export function checkUndo<Undo>(
  action: string,
  place: string,
  path: string,
  undo: Undo | UndoPolicy<Undo>,
): UndoPolicy<Undo> {
  if (typeof undo === "function") return { run: undo };
  const { run, retry, timeout } = checkUndoPolicy<Undo>(action, place, path, undo, []);
  return { run, retry, timeout };
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

/** Requires an undo by key, as a function or with policies; returns the latter. */
export function checkKeyUndo<Undo>(
  action: string,
  path: string,
  undo: Undo | KeyUndo<Undo>,
): KeyUndo<Undo> {
  if (typeof undo === "function") return { run: undo };
  const policy = checkUndoPolicy<Undo>(action, "'undoByKey'", path, undo, ["afterMs"]);
  const { run, retry, timeout, afterMs } = policy;
  if (afterMs !== undefined) checkMs(`undo '${path}'`, "afterMs", afterMs, 0);
  return { run, retry, timeout, afterMs };
}

function checkUndoPolicy<Undo>(
  action: string,
  place: string,
  path: string,
  undo: unknown,
  more: readonly string[],
): KeyUndo<Undo> {
  const options = ["run", "retry", "timeout", ...more];
  if (typeof undo !== "object" || undo === null) {
    refuse(action, `${place} must be a function or { ${options.join(", ")} }`, undo);
  }
  const policy = checkOptions(`undo '${path}'`, cast<KeyUndo<Undo>>(undo), options);
  checkFunction(`undo '${path}'`, "run", policy.run);
  checkTimeout(`time the rollback of '${path}'`, policy.timeout);
  return { ...policy, retry: checkRetry(`retry the rollback of '${path}'`, policy.retry) };
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
    if (limit === undefined || limit === Infinity) continue;
    if (!(Number.isSafeInteger(limit) && limit > 0)) {
      refuse(action, `'${name}' must be a positive integer`, limit);
    }
  }
  if (onFailure !== undefined && !policies.includes(onFailure)) {
    refuse(action, `'onFailure' must be among ${policies.join(", ")}`, onFailure);
  }
  return own;
}

/** Requires a number of milliseconds. */
export function checkMs(
  action: string,
  name: string,
  value: unknown,
  least: number,
): void {
  if (typeof value !== "number" || !(value >= least && value <= MAX_TIMER_MS)) {
    refuse(
      action,
      `'${name}' must be a number of milliseconds from ${least} to ${MAX_TIMER_MS}`,
      value,
    );
  }
}
