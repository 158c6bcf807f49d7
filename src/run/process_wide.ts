import type { Watcher } from "../api/observer.ts";
import { cast } from "../values/cast.ts";

/** The observers of every run of the process. */
interface ProcessWide {
  watcher: Watcher | undefined;
}

const KEY = Symbol.for("runsheet.observer");

const shared = cast<Record<symbol, ProcessWide | undefined>>(globalThis);

/**
 * Shared by all copies of the package. It is looked up once, because a lookup for every run took 2 %
 * of its time.
 */
export const processWide: ProcessWide = shared[KEY] ??= { watcher: undefined };
