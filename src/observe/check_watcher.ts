import { type Watcher, watching } from "../api/observer.ts";
import { checkValid } from "../report/checks.ts";

/** Refuses anything but a watcher. */
export function checkWatcher(action: string, watcher: Watcher): void {
  const isWatcher = typeof watcher?.[watching] === "object";
  checkValid(action, "watcher", watcher, isWatcher, "made by 'observe'");
}
