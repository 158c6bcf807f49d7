// A log of JSON lines, each with the id of its run. It has no args and no data, and of errors only
// the code, as messages may quote values.
import { isRunsheetError } from "@runsheet/runsheet";
import { events, type Watcher } from "@runsheet/runsheet/observe";

export function log(event: string, fields: object): void {
  console.log(JSON.stringify({ event, ...fields }));
}

/** Logs the end of every step, undo and late attempt. */
export const logSteps: Watcher = events((event) => {
  if (event.type !== "end") return;
  const { runId, kind, path, durationMs, error, late } = event;
  if (kind !== "step" && kind !== "undo" && kind !== "late") return;
  log(kind, { runId, step: path, ms: Math.round(durationMs), error: codeOf(error), late });
});

/** The code of an error, or else its name. */
export function codeOf(error: Error | undefined): string | undefined {
  return isRunsheetError(error) ? error.code : error?.name;
}
