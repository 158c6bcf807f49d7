import { type Plan, throwsAt } from "./random_pipeline.ts";

type Context = Record<string, unknown>;

export function runError(plan: Plan, id: number, attempt: number): string | undefined {
  const thrown = throwsAt(plan, id, attempt);
  if (thrown === undefined) return undefined;
  if (thrown === "undefined") return "UNKNOWN(undefined)";
  return thrown === "string" ? `UNKNOWN(run ${id}@${attempt})` : `run ${id}@${attempt}`;
}

export function isPermanent(plan: Plan, error: string): boolean {
  const [, id, nth] = /^run (\d+)@(\d+)$/.exec(error) ?? [];
  return id !== undefined && throwsAt(plan, Number(id), Number(nth)) === "permanent";
}

export function undoError(id: number, attempt: number): string {
  return `undo ${id}@${attempt}`;
}

export function deferredError(id: number, nth: number): string {
  return `deferred ${nth} of ${id}`;
}

export function layerError(n: number, does: string): string {
  return `layer ${n}: ${does}`;
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** The value that a schema of the random pipelines returns: every declared string is marked. */
export function check(keys: readonly string[], value: Context, mark: string): Context | undefined {
  if (keys.some((key) => typeof value[key] !== "string")) return undefined;
  return Object.fromEntries(keys.map((key) => [key, `${value[key]} <${mark}>`]));
}

/** A value as text that does not depend on the order of keys. */
export function show(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(show)}]`;
  return `{${Object.entries(value).sort().map(([key, item]) => `${key}: ${show(item)}`).join()}}`;
}
