import type { WorkflowOptions } from "@restatedev/restate-sdk";
import type { OptionRule, RecordOptions } from "@runsheet/runsheet/durable";

/** The options of `restate`. */
export interface RestateOptions extends RecordOptions {
  /**
   * The largest outcome that is recorded, in bytes; a larger one fails its step and is undone. It
   * must not exceed the server's `message-size-limit`, whose default is the same, nor be less than
   * 65,536.
   *
   * @default {33_554_432}
   */
  readonly maxBytes?: number | undefined;
  /**
   * Restate's own options of the workflow, such as its retention. Its retry policy applies to
   * workers that die, not to steps that fail. Its `inactivityTimeout` must be longer than the
   * longest call. Options that would end a run without its rollback, or keep a cancellation from it,
   * are refused.
   *
   * @default {a run that fails to continue 70 times, within about an hour, is paused; one that has
   * waited for ten minutes needs no process}
   */
  readonly workflow?: WorkflowOptions | undefined;
}

/** A cut error and the parts of a pipeline must fit. */
const LEAST_BYTES = 65_536;

/** The rules of Restate's own options. */
export const OWN: Record<string, OptionRule> = {
  maxBytes: [
    `a number of bytes from ${LEAST_BYTES}`,
    (bytes) => Number.isInteger(bytes) && bytes >= LEAST_BYTES,
  ],
  workflow: [
    "an object of options that neither end a run without its rollback nor hide a cancellation " +
    "(asTerminalError, explicitCancellation, 'fail', 'kill')",
    isSafe,
  ],
};

function isSafe(options: WorkflowOptions): boolean {
  if (typeof options !== "object" || options === null) return false;
  const { asTerminalError, explicitCancellation, onJournalMismatchErrors, retryPolicy } = options;
  return !asTerminalError && !explicitCancellation && onJournalMismatchErrors !== "fail" &&
    retryPolicy?.onMaxAttempts !== "kill";
}
