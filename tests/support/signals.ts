import type { Cleanups } from "./cleanup.ts";

/** Counts the listeners that remain on a signal. */
export function countListeners(signal: AbortSignal): () => number {
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const isOnce = new Map<unknown, boolean>();
  signal.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ) => {
    isOnce.set(listener, typeof options === "object" && options.once === true);
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    isOnce.delete(listener);
    remove(type, listener);
  };
  // A `once` listener is gone after its call.
  return () => [...isOnce.values()].filter((once) => !(once && signal.aborted)).length;
}

/** Watches every signal until the end of the test: the most listeners that any of them had. */
export function mostListeners({ after }: Cleanups): () => number {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const all = new Map<EventTarget, Set<unknown>>();
  let most = 0;
  const listenersOf = (target: EventTarget) => {
    const listeners = all.get(target) ?? new Set();
    if (target instanceof AbortSignal) all.set(target, listeners);
    return listeners;
  };
  EventTarget.prototype.addEventListener = function (...args) {
    const { size } = listenersOf(this).add(args[1]);
    if (this instanceof AbortSignal) most = Math.max(most, size);
    addEventListener.apply(this, args);
  };
  EventTarget.prototype.removeEventListener = function (...args) {
    listenersOf(this).delete(args[1]);
    removeEventListener.apply(this, args);
  };
  after(() => Object.assign(EventTarget.prototype, { addEventListener, removeEventListener }));
  return () => most;
}

/** The timers and listeners on `AbortSignal.timeout` created while watching that remain. */
export interface Pending {
  readonly timers: number;
  readonly listeners: number;
  /** The number of both ever created. */
  readonly made: number;
}

/** Watches timers and `AbortSignal.timeout` until the end of the test. */
export function watchTimers({ after }: Cleanups): () => Pending {
  const { setTimeout, clearTimeout } = globalThis;
  const { timeout } = AbortSignal;
  const timers = new Set<unknown>();
  const counts: (() => number)[] = [];
  let made = 0;
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, ms?: number) => {
      made++;
      const timer = setTimeout(() => {
        timers.delete(timer);
        callback();
      }, ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer: ReturnType<typeof setTimeout>) => {
      timers.delete(timer);
      clearTimeout(timer);
    },
  });
  AbortSignal.timeout = (ms) => {
    made++;
    const signal = timeout.call(AbortSignal, ms);
    counts.push(countListeners(signal));
    return signal;
  };
  after(() => {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    AbortSignal.timeout = timeout;
  });
  return () => ({
    timers: timers.size,
    listeners: counts.reduce((sum, count) => sum + count(), 0),
    made,
  });
}
