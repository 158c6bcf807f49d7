// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";

/** Shows progress. */
export interface Progress {
  start(total: number): void;
  advance(): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere, an occasional line. */
export function makeProgress(isTerminal: boolean, print: (line: string) => void): Progress {
  if (isTerminal) {
    const bar = new SingleBar({ format: "{bar} {value} of {total} lines, {eta} s left" });
    return {
      start: (total) => bar.start(total, 0),
      advance: () => bar.increment(),
      stop: () => bar.stop(),
    };
  }
  let [total, done] = [0, 0];
  return {
    start: (all) => total = all,
    advance: () => {
      if (++done % 200 === 0) print(`${done} of ${total} lines`);
    },
    stop: () => {},
  };
}
