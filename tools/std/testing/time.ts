// Stand-in for jsr:@std/testing/time, with its API and its order of events.
const real = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
};
const realAbortTimeout = AbortSignal.timeout;

/** Options of {@linkcode FakeTime}. */
export interface FakeTimeOptions {
  /** Fake milliseconds per real millisecond; 0 stands still. */
  advanceRate?: number;
  /** The real milliseconds between two advances. */
  advanceFrequency?: number;
}

/** Options of {@linkcode FakeTime.delay}. */
export interface DelayOptions {
  /** Ends the delay when it aborts. */
  signal?: AbortSignal;
}

/** Thrown if time is faked twice, or used after it was restored. */
export class TimeError extends Error {
  override name = "TimeError";
}

interface Timer {
  due: number;
  every: number | undefined;
  run: () => void;
}

let current: FakeTime | undefined;

/** Replaces `Date`, the timers and `AbortSignal.timeout` until restored. */
export class FakeTime {
  readonly #start: number;
  #now: number;
  #lastId = 0;
  // A Map keeps insertion order, which decides between timers due together.
  #timers: Map<number, Timer> = new Map();
  #advancing: ReturnType<typeof setInterval> | undefined;

  constructor(
    start?: number | string | Date | null,
    options?: FakeTimeOptions,
  ) {
    if (current) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    this.#start = start === undefined || start === null
      ? real.Date.now()
      : Math.floor(new real.Date(start).valueOf());
    if (Number.isNaN(this.#start)) {
      throw new TypeError(
        `Cannot construct FakeTime: invalid start time ${this.#start}`,
      );
    }
    this.#now = this.#start;
    this.#override();
    current = this;
    const { advanceRate = 0, advanceFrequency = 10 } = options ?? {};
    if (advanceRate > 0) {
      this.#advancing = real.setInterval(
        () => this.tick(advanceRate * advanceFrequency),
        advanceFrequency,
      );
    }
  }

  /** Restores the real time. */
  static restore(): void {
    if (!current) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current.restore();
  }

  /** Calls a function in real time. */
  static async restoreFor<T, Args extends unknown[]>(
    callback: (...args: Args) => Promise<T> | T,
    ...args: Args
  ): Promise<T> {
    if (!current) {
      throw new TimeError("Cannot restore time: time is not faked");
    }
    const time = current;
    restoreGlobals();
    try {
      return await callback(...args);
    } finally {
      time.#override();
    }
  }

  /** The fake time, in milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  /** Runs everything due until then, in order. */
  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#now}: received ${value}`,
      );
    }
    for (
      let next = this.#next();
      next && next[1].due <= value;
      next = this.#next()
    ) {
      const [id, timer] = next;
      this.#now = timer.due;
      this.#timers.delete(id);
      if (timer.every !== undefined) {
        this.#timers.set(id, { ...timer, due: timer.due + timer.every });
      }
      timer.run();
    }
    this.#now = value;
  }

  /** When the fake time began. */
  get start(): number {
    return this.#start;
  }

  /** Waits in real time. */
  async delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    const aborted = () => new DOMException("Delay was aborted.", "AbortError");
    if (signal?.aborted) throw aborted();
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        real.clearTimeout(timer);
        reject(aborted());
      };
      const timer = real.setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Waits for everything that needs no timer. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Adds to the time and runs everything due. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Runs microtasks, then ticks. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Goes to the next timer, if there is one. */
  next(): boolean {
    const next = this.#next();
    if (next) this.now = next[1].due;
    return next !== undefined;
  }

  /** Runs microtasks, then goes to the next timer, if there is one. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Continues until no timer is left. */
  runAll(): void {
    while (this.next());
  }

  /** Continues until no timer is left, with microtasks in between. */
  async runAllAsync(): Promise<void> {
    while (this.#timers.size > 0) await this.nextAsync();
  }

  /** Brings the real time back. */
  restore(): void {
    if (current !== this) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current = undefined;
    restoreGlobals();
    real.clearInterval(this.#advancing);
  }

  /** The same as `restore`. */
  [Symbol.dispose](): void {
    this.restore();
  }

  #next(): [id: number, timer: Timer] | undefined {
    let first: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (!first || entry[1].due < first[1].due) first = entry;
    }
    return first;
  }

  #add(run: () => void, ms: number | undefined, repeat: boolean): number {
    const delay = Math.max(repeat ? 1 : 0, Math.floor(ms ?? 0) || 0);
    const every = repeat ? delay : undefined;
    this.#timers.set(++this.#lastId, { due: this.#now + delay, every, run });
    return this.#lastId;
  }

  #override(): void {
    type Callback = (...args: unknown[]) => void;
    const clear = (id?: number) => {
      if (id !== undefined) this.#timers.delete(id);
    };
    Object.assign(globalThis, {
      Date: new Proxy(real.Date, {
        construct: (target, args, newTarget) =>
          Reflect.construct(target, args.length ? args : [this.now], newTarget),
        apply: () => new real.Date(this.now).toString(),
        get: (target, key, receiver) =>
          key === "now" ? () => this.now : Reflect.get(target, key, receiver),
      }),
      setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) =>
        this.#add(() => callback(...args), ms, false),
      setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
        this.#add(() => callback(...args), ms, true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    AbortSignal.timeout = (ms) => {
      const aborter = new AbortController();
      const abort = () => aborter.abort(new DOMException("Signal timed out.", "TimeoutError"));
      this.#add(abort, ms, false);
      return aborter.signal;
    };
  }
}

function restoreGlobals(): void {
  Object.assign(globalThis, real);
  AbortSignal.timeout = realAbortTimeout;
}
