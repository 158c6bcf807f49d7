import { ConfigError } from "@runsheet/runsheet";

/** The most bytes of a recorded value. With much more, DBOS exceeds the longest string. */
export const MAX_BYTES = 33_554_432;

/** NUL, and halves of surrogate pairs. */
const REFUSED = /[\0\p{Cs}]/gu;

/** Replaces what PostgreSQL cannot store in a text. */
export function storable(text: string): string {
  return text.replace(REFUSED, "?");
}

/** Requires the id of a run that PostgreSQL can store. */
export function checkStorable(action: string, runId: string): void {
  if (storable(runId) === runId) return;
  const constraint = "'runId' must be text that PostgreSQL can store";
  throw new ConfigError(
    `Cannot ${action} as ${constraint}: current value is ${JSON.stringify(runId)}`,
  );
}
