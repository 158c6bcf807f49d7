/** User code that may begin a run. */
export interface Caller {
  readonly path: string;
  readonly effect: { readonly kind: string };
}

/** The code that is called now, until it returns or awaits. */
export const calling: { by: Caller | undefined } = { by: undefined };

const owners = new WeakMap<AbortSignal, Caller>();

/** Remembers whose signal it is, because code may pass it to a run after an await. */
export function ownSignal(signal: AbortSignal, owner: Caller): AbortSignal {
  owners.set(signal, owner);
  return signal;
}

/** The code that begins a run, as far as that can be known; undos are left out, as nothing undoes them. */
export function callerOf(signal: AbortSignal | undefined): Caller | undefined {
  const caller = calling.by ?? (signal && owners.get(signal));
  return caller?.effect.kind === "undo" ? undefined : caller;
}
