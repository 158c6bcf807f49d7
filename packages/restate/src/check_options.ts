import { ConfigError } from "@runsheet/runsheet";
import type { RestateOptions } from "./options.ts";

const KNOWN: readonly string[] = [
  "deps",
  "errors",
  "lateMs",
  "maxBytes",
  "onLate",
  "version",
  "workflow",
];

/** Refuses options that are misspelt or of the wrong kind. */
export function checkOptions(name: string, options: RestateOptions): void {
  function check(isRight: boolean, constraint: string, value: unknown): void {
    if (isRight) return;
    throw new ConfigError(
      `Cannot make '${name}' durable as ${constraint}: current value is ${String(value)}`,
    );
  }

  const { lateMs = 1, maxBytes = 1, version = "1", onLate = () => {} } = options;
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option));
  check(unknown === undefined, `its options must be among ${KNOWN.join(", ")}`, unknown);
  const isMs = Number.isFinite(lateMs) && lateMs >= 1;
  check(isMs, "'lateMs' must be a number of milliseconds from 1", lateMs);
  check(
    Number.isInteger(maxBytes) && maxBytes >= 1,
    "'maxBytes' must be a number of bytes from 1",
    maxBytes,
  );
  const isVersion = typeof version === "string" && version !== "";
  check(isVersion, "'version' must be a string that is not empty", version);
  check(typeof onLate === "function", "'onLate' must be a function", onLate);
}
