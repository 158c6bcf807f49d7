// A structured log: one JSON object per line. It says what happened, but never with which values:
// no args, no outputs, and no error messages, which may quote them.
import type { Result } from "@runsheet/runsheet";
import { events, type Watcher } from "@runsheet/runsheet/observe";
import { codeOf, statusOf } from "./errors.ts";

export function log(event: string, fields: object): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

/** Logs how a run has ended. */
export function logRun({ success, error, failedStep, rollback, meta }: Result<unknown>): void {
  if (failedStep === "<stopped>") return; // another process continues it
  log("run", {
    runId: meta.runId,
    pipeline: meta.name,
    status: success ? 200 : statusOf(error),
    ...!success && {
      error: codeOf(error),
      failedStep,
      undone: rollback.completed,
      notUndone: rollback.failed.map(({ step }) => step), // wake somebody up
    },
  });
}

/** Logs every step of a pipeline, and every undo. */
export const logSteps: Watcher = events((event) => {
  if (event.type !== "end") return;
  const { runId, kind, path, parentId, durationMs, error } = event;
  // Not the rows of an import.
  const isStep = kind === "step" && parentId === "";
  if (!isStep && kind !== "undo") return;
  log(kind, { runId, step: path, ms: Math.round(durationMs), error: error && codeOf(error) });
});
