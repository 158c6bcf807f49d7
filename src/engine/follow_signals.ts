import type { RunOptions } from "../api/run.ts";
import { abortedError, signalError } from "../report/errors.ts";
import { Cancellation, followSignal } from "../run/cancellation.ts";
import { keepAlive } from "../run/keep_alive.ts";

/** The signals that can cancel a run. */
export interface Signals {
  readonly cancellation: Cancellation;
  stopFollowing(): void;
  /** Lets the process end, although a timeout of the caller's has not fired. */
  letGo(): void;
}

/** Follows the signals of a run's caller and of its durable host; `undefined` if there are none. */
export function followSignals(
  name: string,
  { signal, host }: RunOptions,
): Signals | undefined {
  const hostSignal = host?.durable?.signal;
  if (!signal && !hostSignal) return undefined;
  const cancellation = new Cancellation();
  const stop = signal &&
    followSignal(signal, cancellation, (reason) => signalError(name, reason));
  const stopHost = hostSignal &&
    followSignal(hostSignal, cancellation, (reason) => abortedError(name, reason));
  const letGo = signal && keepAlive(signal);
  return {
    cancellation,
    stopFollowing() {
      stop?.();
      stopHost?.();
    },
    letGo: () => letGo?.(),
  };
}
