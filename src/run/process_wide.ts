import type { Watcher } from "../api/observer.ts";
import { cast } from "../values/cast.ts";

/** The observers of every run of the process. */
interface ProcessWide {
  watcher: Watcher | undefined;
}

const KEY = Symbol.for("runsheet.observer");

const shared = cast<Record<symbol, ProcessWide | undefined>>(globalThis);

/** Shared by all copies of the package. Looked up once, as a lookup for each run costs time. */
export const processWide: ProcessWide = shared[KEY] ??= { watcher: undefined };
