import type { Watcher } from "../api/observer.ts";
import { cast } from "../values/cast.ts";

/** Who observes every run of the process. */
interface ProcessWide {
  watcher: Watcher | undefined;
}

const KEY = Symbol.for("runsheet.observer");

const shared = cast<Record<symbol, ProcessWide | undefined>>(globalThis);

/**
 * Shared by all copies of the package. It is looked up once, as a look for every run took 2 % of
 * its time.
 */
export const processWide: ProcessWide = shared[KEY] ??= { watcher: undefined };
