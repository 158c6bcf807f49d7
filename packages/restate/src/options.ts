import type { WorkflowOptions } from "@restatedev/restate-sdk";
import type { LateReport } from "@runsheet/runsheet";
import type { ErrorClass } from "@runsheet/runsheet/durable";

/** The options of `restate`. */
export interface RestateOptions {
  /**
   * The application's classes of errors that keep their class in the journal; others come back as
   * an `Error` of the same name and message.
   */
  readonly errors?: readonly ErrorClass[] | undefined;
  /** The pipeline's version; a run of another version is not continued. */
  readonly version?: string | undefined;
  /**
   * How long to wait for an abandoned attempt, in milliseconds, before the run retries or undoes.
   *
   * @default {60_000}
   */
  readonly lateMs?: number | undefined;
  /** Called with the outcome of each abandoned attempt. */
  readonly onLate?: ((late: LateReport) => void) | undefined;
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
   * longest call.
   *
   * @default {a run that fails to continue 70 times, within about an hour, is paused; one that has
   * waited for ten minutes needs no process}
   */
  readonly workflow?: WorkflowOptions | undefined;
}
