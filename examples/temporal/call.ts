/** What a run was told: the outcome of a call, a wait that is over, the data of an event. */
export interface Told {
  /** The id of the call or the wait; without it, the run was cancelled. */
  readonly id?: string;
  /** The text of a call's outcome, or the data of an event. */
  readonly out?: unknown;
}

/** A call of a run that an activity makes. */
export interface CallOfRun {
  /** The id of the call. */
  readonly id: string;
  readonly runId: string;
  readonly args: unknown;
  /** What the run was told before it asked for the call, in order. */
  readonly told: readonly Told[];
}
