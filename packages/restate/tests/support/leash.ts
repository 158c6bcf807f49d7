import type { ChildProcess } from "node:child_process";
import process from "node:process";

const children = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Makes a process end with this one at the latest. */
export function leash(child: ChildProcess): ChildProcess {
  children.add(child);
  return child.on("exit", () => children.delete(child));
}
