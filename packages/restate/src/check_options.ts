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

/** A cut error and the parts of a pipeline must fit. */
const LEAST_BYTES = 65_536;

/** Refuses options that are misspelt or of the wrong kind. */
export function checkOptions(name: string, options: RestateOptions): void {
  function check(isRight: boolean, constraint: string, value: unknown): void {
    if (isRight) return;
    throw new ConfigError(
      `Cannot make '${name}' durable as ${constraint}: current value is ${String(value)}`,
    );
  }

  const isObject = typeof options === "object" && options !== null;
  check(isObject, "its options must be an object", options);
  const { lateMs = 1, maxBytes = LEAST_BYTES, version = "1", onLate = () => {}, workflow = {} } =
    options;
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option));
  check(unknown === undefined, `its options must be among ${KNOWN.join(", ")}`, unknown);
  const isMs = Number.isFinite(lateMs) && lateMs >= 1;
  check(isMs, "'lateMs' must be a number of milliseconds from 1", lateMs);
  check(
    Number.isInteger(maxBytes) && maxBytes >= LEAST_BYTES,
    `'maxBytes' must be a number of bytes from ${LEAST_BYTES}`,
    maxBytes,
  );
  const isVersion = typeof version === "string" && version !== "";
  check(isVersion, "'version' must be a string that is not empty", version);
  check(typeof onLate === "function", "'onLate' must be a function", onLate);
  const isWorkflow = typeof workflow === "object" && workflow !== null;
  check(isWorkflow, "'workflow' must be an object of options", workflow);
}
