import { checkValid } from "../report/checks.ts";
import type { TimedSpan } from "./timeline.ts";

/** Refuses anything but a recorded span. */
export function checkRecorded(action: string, run: TimedSpan): void {
  const isRecorded = typeof run?.span?.kind === "string" && Array.isArray(run.parts);
  checkValid(action, "run", run, isRecorded, "one of the 'runs' of a timeline");
}
