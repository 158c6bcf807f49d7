// Captured before a fake clock can be installed, which would count a timer that is not the user's.
const { setInterval, clearInterval } = globalThis;

/** Rare enough to cost nothing, and no longer than a timer can be. */
const RARELY = 2 ** 31 - 1;

/**
 * Keeps the process alive for a run that a signal of `AbortSignal.timeout` bounds; returns a
 * function that lets go. If nothing else is pending, Node ends the process, and the run with it,
 * before the signal fires. Other runtimes wait for a signal that has a listener.
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
    return false; // A proxy, not a signal of Node's.
  }
}
