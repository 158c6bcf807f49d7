/** User code that may begin a run. */
export interface Caller {
  readonly path: string;
  readonly effect: { readonly kind: string };
  readonly extra?: { readonly index?: number } | undefined;
}

/** The user code that is being called, until it returns or awaits. */
export const calling: { by: Caller | undefined } = { by: undefined };

const owner: unique symbol = Symbol("owner");

interface OwnedSignal extends AbortSignal {
  [owner]?: () => Caller;
}

/**
 * Remembers the owner of a signal, as code may pass the signal to a run after an await. It is a
 * property of the signal, as an entry of a `WeakMap` costs more than the signal itself; and a
 * function, as Bun prints all properties of a signal.
 */
export function ownSignal(signal: OwnedSignal, caller: Caller): AbortSignal {
  signal[owner] = () => caller;
  return signal;
}

/** Whether a signal is that of an attempt. */
export function isOwnedBy(signal: OwnedSignal | undefined, attempt: object | undefined): boolean {
  return attempt !== undefined && signal?.[owner]?.() === attempt;
}

/** The code that begins a run, if it is known. Undos are left out, as nothing undoes them. */
export function callerOf(signal: OwnedSignal | undefined): Caller | undefined {
  const caller = calling.by ?? signal?.[owner]?.();
  return caller?.effect.kind === "undo" ? undefined : caller;
}
