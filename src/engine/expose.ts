import type { RunOptions } from "../api/run.ts";
import { engine } from "../api/step.ts";
import { cast } from "../values/cast.ts";
import type { Node } from "./node.ts";
import { startRun } from "./start.ts";

/** Makes the public step of a node. */
export function expose<S>(node: Node): S {
  const run = (args: unknown, options?: RunOptions) => startRun(node, args, options);
  return cast(Object.freeze({
    name: node.name,
    requires: node.requires,
    provides: node.provides,
    retry: node.policy?.retry,
    timeout: node.policy?.timeout ?? node.traits?.timeout,
    undos: node.undos,
    [engine]: Object.freeze(node),
    run,
    ...(node.kind === "pipeline" && node.requires && { runUnknown: run }),
  }));
}
