import { ArgsValidationError, ProvidesValidationError, type ValidationError } from "./errors.ts";

/** The error of args that have one of the deps' keys. */
export function argsHeld(key: string, name: string): ArgsValidationError {
  return held(ArgsValidationError, `Cannot run '${name}' as its args`, key);
}

/** The error of an output that has the key of a held value. */
export function outputHeld(key: string, path: string): ProvidesValidationError {
  return held(
    ProvidesValidationError,
    `Cannot use the output of '${path}' as it`,
    key,
    "the run holds",
  );
}

function held<E extends ValidationError>(
  type: new (message: string, issues: [{ message: string; path: [string] }]) => E,
  problem: string,
  key: string,
  which = "is one of the deps",
): E {
  const issue = `must not have the key '${key}', which ${which}`;
  return new type(`${problem} ${issue}`, [{ message: issue, path: [key] }]);
}
