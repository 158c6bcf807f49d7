import {
  ArgsValidationError,
  ProvidesValidationError,
  RequiresValidationError,
  type ValidationError,
} from "./errors.ts";

/** The error of args that have one of the deps' keys. */
export function argsHeld(key: string, name: string): ArgsValidationError {
  return held(ArgsValidationError, `Cannot run '${name}' as its args`, key, "is one of the deps");
}

/** The error of an item that has the key of a held value. */
export function itemHeld(key: string, path: string): RequiresValidationError {
  return held(RequiresValidationError, `Cannot run '${path}' as its item`, key);
}

/** The error of an output that has the key of a held value. */
export function outputHeld(key: string, path: string): ProvidesValidationError {
  return held(ProvidesValidationError, `Cannot use the output of '${path}' as it`, key);
}

function held<E extends ValidationError>(
  type: new (message: string, issues: [{ message: string; path: [string] }]) => E,
  problem: string,
  key: string,
  which = "the run holds",
): E {
  const issue = `must not have the key '${key}', which ${which}`;
  return new type(`${problem} ${issue}`, [{ message: issue, path: [key] }]);
}
