/** User code that may begin a run. */
export interface Caller {
  readonly path: string;
  readonly effect: { readonly kind: string };
}

/** The user code that is being called, until it returns or awaits. */
export const calling: { by: Caller | undefined } = { by: undefined };

const owners = new WeakMap<AbortSignal, Caller>();

/** Remembers the owner of a signal, as code may pass the signal to a run after an await. */
export function ownSignal(signal: AbortSignal, owner: Caller): AbortSignal {
  owners.set(signal, owner);
  return signal;
}

/** The code that begins a run, if it is known. Undos are left out, as nothing undoes them. */
export function callerOf(signal: AbortSignal | undefined): Caller | undefined {
  const caller = calling.by ?? (signal && owners.get(signal));
  return caller?.effect.kind === "undo" ? undefined : caller;
}
