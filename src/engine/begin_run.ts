import { watching } from "../api/observer.ts";
import type { RunOptions } from "../api/run.ts";
import { processWide } from "../run/process_wide.ts";
import type { Watch, Watching } from "../run/watch.ts";
import { cast } from "../values/cast.ts";
import type { Node } from "./node.ts";

/** Begins the span of a run, if its options or the process have an observer. */
export function beginRun(
  node: Node,
  path: string,
  options: RunOptions | undefined,
): Watch | undefined {
  const everywhere = cast<Watching | undefined>(processWide.watcher?.[watching]);
  try {
    const own = cast<Watching | undefined>(options?.observer?.[watching]);
    return own
      ? own.beginRun(node, path, options?.runId, everywhere)
      : everywhere?.beginRun(node, path, options?.runId, undefined);
  } catch {
    // Options that throw when they are read are refused when they are checked.
  }
}
