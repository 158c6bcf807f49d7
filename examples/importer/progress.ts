import { events, type Watcher } from "@runsheet/runsheet/observe";
// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";

/** Shows the progress of a run. */
export interface Progress {
  /** Watches the run. */
  readonly observer: Watcher;
  stop(): void;
}

/** Shows the progress of a step: a bar on a terminal; elsewhere, an occasional line. */
export function makeProgress(
  step: string,
  isTerminal: boolean,
  print: (line: string) => void,
): Progress {
  const bar = new SingleBar({ format: "{bar} {value} of {total} lines, {eta} s left" });
  const show = (done: number, total: number) => {
    if (!isTerminal) {
      if (done % 200 === 0) print(`${done} of ${total} lines`);
    } else if (bar.isActive) bar.update(done);
    else bar.start(total, done);
  };
  const observer = events((event) => {
    if (event.type === "progress" && event.name === step) show(event.done, event.total ?? 0);
  });
  return { observer, stop: () => bar.stop() };
}
