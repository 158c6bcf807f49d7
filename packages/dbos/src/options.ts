import { ConfigError, type LateReport } from "@runsheet/runsheet";
import type { ErrorClass } from "@runsheet/runsheet/durable";

/** The options of `dbos`. */
export interface DbosOptions {
  /**
   * The application's classes of errors that keep their class in a record; others come back as an
   * `Error` of the same name and message.
   */
  readonly errors?: readonly ErrorClass[] | undefined;
  /**
   * How often DBOS continues a run after a crash or a deployment before it gives the run up. A run
   * may wait through many deployments, but one that kills its process must not do so forever.
   *
   * @default {1_000}
   */
  readonly maxRecoveryAttempts?: number | undefined;
  /**
   * How long to wait for an abandoned attempt, in milliseconds, before the run retries or undoes.
   *
   * @default {60_000}
   */
  readonly lateMs?: number | undefined;
  /** Called with the outcome of each abandoned attempt. */
  readonly onLate?: ((late: LateReport) => void) | undefined;
}

/** The options with defaults, and the deps. */
export type Checked =
  & DbosOptions
  & { readonly maxRecoveryAttempts: number; readonly lateMs: number; readonly deps?: unknown };

const KNOWN = ["errors", "maxRecoveryAttempts", "lateMs", "onLate", "deps"];

/** Checks the options and adds defaults. */
export function checked(action: string, given: DbosOptions): Checked {
  if (typeof given !== "object" || given === null) {
    refuse(action, "its options must be an object", given);
  }
  for (const key of Object.keys(given)) {
    if (!KNOWN.includes(key)) refuse(action, `its options must be among ${KNOWN.join(", ")}`, key);
  }
  const { maxRecoveryAttempts = 1_000, lateMs = 60_000, onLate } = given;
  for (const [name, value] of Object.entries({ maxRecoveryAttempts, lateMs })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      refuse(action, `'${name}' must be a positive integer`, value);
    }
  }
  if (onLate !== undefined && typeof onLate !== "function") {
    refuse(action, "'onLate' must be a function", onLate);
  }
  return { ...given, maxRecoveryAttempts, lateMs };
}

/** Requires a string that is not empty. */
export function checkName(action: string, what: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  refuse(action, `${what} must be a string that is not empty`, value);
}

/** Throws an error that states the action, the constraint and the current value. */
function refuse(action: string, constraint: string, value: unknown): never {
  const shown = typeof value === "string" ? `'${value}'` : String(value);
  throw new ConfigError(`Cannot ${action} as ${constraint}: current value is ${shown}`);
}
