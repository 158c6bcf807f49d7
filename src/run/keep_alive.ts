// Taken before a fake clock can be installed, which would see a timer that is none of the user's.
const { setInterval, clearInterval } = globalThis;

/** Long enough to cost nothing, and not above what a timer can hold. */
const RARELY = 2 ** 31 - 1;

/**
 * Keeps the process alive for a run that a signal of `AbortSignal.timeout` bounds; returns how to
 * let go. Node ends a process in which nothing else is pending before the signal fires, and with
 * it the run. Other runtimes wait for a signal that is listened to.
 */
export function keepAlive(signal: AbortSignal): (() => void) | undefined {
  if (signal.aborted || !isTimeoutOfNode(signal)) return undefined;
  const timer = setInterval(() => {}, RARELY);
  return () => clearInterval(timer);
}

/** Whether a signal is Node's and may come from a timeout; one of `AbortSignal.any` may, too. */
function isTimeoutOfNode(signal: AbortSignal): boolean {
  try {
    return Object.getOwnPropertySymbols(signal).some(({ description }) =>
      description === "kTimeout" || description === "kSourceSignals"
    );
  } catch {
    return false; // It is a proxy, and no signal of Node's.
  }
}
