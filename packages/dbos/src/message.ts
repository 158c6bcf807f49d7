/** The topic of the messages to a run. */
export const TOPIC = "runsheet";

/** A message to a run. Other programs may send such objects, too. */
export type Message =
  | { readonly event: string; readonly data?: unknown }
  | { readonly cancel: unknown };
