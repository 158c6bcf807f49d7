import { type Message, withSafe } from "../values/message.ts";

/** Makes an error whose safe message is the one printed in logs. */
export function errorWith<E extends Error, Rest extends readonly unknown[]>(
  type: new (message: string, ...rest: Rest) => E,
  { full, safe }: Message,
  ...rest: Rest
): E {
  return withSafe(new type(full, ...rest), { message: safe });
}

/** Makes an `AggregateError` whose safe message is the one printed in logs. */
export function aggregateError(
  errors: readonly Error[],
  { full, safe }: Message,
): AggregateError {
  return withSafe(new AggregateError(errors, full), { message: safe });
}
