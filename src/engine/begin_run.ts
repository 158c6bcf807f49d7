import { watching } from "../api/observer.ts";
import { processWide } from "../run/process_wide.ts";
import { aroundOf } from "../run/around.ts";
import type { Watch, Watching } from "../run/watch.ts";
import { cast } from "../values/cast.ts";
import type { Node } from "./node.ts";
import type { OwnOptions } from "./run_options.ts";

/** Begins the span of a run, if its options or the process have an observer. */
export function beginRun(
  node: Node,
  path: string,
  options: OwnOptions | undefined,
  runId: string | undefined,
): Watch | undefined {
  const everywhere = cast<Watching | undefined>(processWide.watcher?.[watching]);
  try {
    const own = cast<Watching | undefined>(options?.observer?.[watching]);
    const around = own ? undefined : aroundOf(options?.defer)?.watch;
    if (!own && !around && !everywhere) return undefined;
    return own
      ? own.beginRun(node, path, runId, everywhere)
      : around
      ? around.beginRun(node, path, runId)
      : everywhere?.beginRun(node, path, runId, undefined);
  } catch {
    // If reading the options throws, checking them refuses them.
  }
}
