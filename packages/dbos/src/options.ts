import type { OptionRule, RecordOptions } from "@runsheet/runsheet/durable";

/** The options of `dbos`. */
export interface DbosOptions extends RecordOptions {
  /**
   * How often DBOS continues a run after a crash or a deployment before it gives the run up. A run
   * may wait through many deployments, but one that kills its process must not do so forever.
   *
   * @default {1_000}
   */
  readonly maxRecoveryAttempts?: number | undefined;
}

/** The rule of the option that is DBOS's own. */
export const OWN: Record<string, OptionRule> = {
  maxRecoveryAttempts: [
    "a positive integer",
    (count: number) => Number.isSafeInteger(count) && count > 0,
  ],
};
