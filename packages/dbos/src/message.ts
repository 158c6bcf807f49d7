import { inspect } from "node:util";

/** The topic of the messages to a run. */
export const TOPIC = "runsheet";

/** A message to a run. Other programs may send such objects, too. */
export type Message =
  | { readonly event: string; readonly data?: unknown }
  | { readonly cancel: unknown };

/** Whether something that has arrived is a message; anyone may have sent it. */
export function isMessage(received: unknown): received is Message {
  const keys = Object.keys(received ?? {});
  const { event } = (received ?? {}) as { readonly event?: unknown };
  if (typeof event !== "string" || event === "") return keys.join() === "cancel";
  return keys.every((key) => key === "event" || key === "data");
}

/** Prints a value of another program. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 1, maxStringLength: 200, breakLength: Infinity });
}
