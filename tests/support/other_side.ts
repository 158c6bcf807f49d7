import { setImmediate } from "node:timers/promises";
import { AssertionError } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc, { type Arbitrary } from "fast-check";
import { pipeline, type Result, type Step, step, type StepDefinition } from "@runsheet/runsheet";

/** How the other side treats a known key. */
export type Side = "voids" | "replays" | "refuses" | "is searched" | "counts";

/** The course of one request, in milliseconds after it was sent. */
export interface Course {
  /** The time of its effect; `undefined` for never. */
  readonly land: number | undefined;
  /** The time of its answer. */
  readonly answer: number;
  readonly ok: boolean;
}

/** The course of a run. */
export interface Weather {
  /** For the first request, the second, and so on, cyclically. */
  readonly courses: readonly Course[];
  /** The time at which the caller aborts. */
  readonly abortAt: number | undefined;
  /** The duration of the next step, and whether it fails. */
  readonly next: { readonly ms: number; readonly fails: boolean };
}

/** The kinds of answers that are excluded. */
export interface Mercy {
  /** Whether an effect with an error as its answer has happened by then, if it ever does. */
  readonly isPrompt: boolean;
  /** Whether an error proves that nothing has happened. */
  readonly isHonest: boolean;
}

/** Runs with all faults except the excluded ones. */
export function weathers({ isPrompt, isHonest }: Mercy): Arbitrary<Weather> {
  const course = fc.tuple(fc.nat({ max: 10 }), fc.nat({ max: 6 }), fc.constantFrom(0, 1, 2, 3))
    .map(([land, more, kind]): Course => {
      const answer = land + more;
      if (kind < 2) return { land, answer, ok: true };
      if (kind === 2 || isHonest) return { land: undefined, answer, ok: false };
      return { land: isPrompt ? land : answer + more, answer, ok: false };
    });
  return fc.record({
    courses: fc.array(course, { minLength: 1, maxLength: 4 }),
    abortAt: fc.option(fc.nat({ max: 25 }), { nil: undefined }),
    next: fc.record({ ms: fc.nat({ max: 8 }), fails: fc.boolean() }),
  });
}

/** The request was rejected, and nothing has happened. */
export class Refused extends Error {}

interface Charge {
  readonly id: string;
  readonly key: string;
  isLive: boolean;
}

/** A slow payment provider. */
export class OtherSide {
  readonly #side: Side;
  readonly #courses: readonly Course[];
  readonly #charges: Charge[] = [];
  readonly #forbidden = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #failed = new Set<string>();
  #requests = 0;
  #given = 0;
  /** The number of pending requests and undos. */
  busy = 0;

  constructor(side: Side, courses: readonly Course[]) {
    this.#side = side;
    this.#courses = courses;
  }

  /** Charges and returns the charge's id. Giving up the answer does not stop the charge. */
  charge(key: string, signal?: AbortSignal): Promise<string> {
    const { land, answer, ok } = this.#courses[this.#requests++ % this.#courses.length]!;
    if (this.#side === "refuses" && (this.#inFlight.has(key) || this.#failed.has(key))) {
      return Promise.reject(new Refused("the key is in use"));
    }
    this.#inFlight.add(key);
    let id: string | undefined;
    if (land !== undefined) this.#later(land, () => id = this.#land(key));
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
      this.#later(answer, () => {
        this.#inFlight.delete(key);
        if (ok && id !== undefined) return resolve(id);
        this.#failed.add(key);
        reject(land === undefined ? new Refused("declined") : new Error("500"));
      });
    });
  }

  /** Refunds a charge. */
  refund(id: string): Promise<void> {
    return this.#undo(() => {
      this.#given++;
      for (const charge of this.#charges) if (charge.id === id) charge.isLive = false;
    });
  }

  /** Refunds the charge under a key, and forbids the key if possible. */
  undo(key: string): Promise<void> {
    return this.#undo(() => {
      if (this.#side === "voids") this.#forbidden.add(key);
      for (const charge of this.#charges) if (charge.key === key) charge.isLive = false;
    });
  }

  /** The ids of the remaining charges, or their number if they cannot be distinguished. */
  get standing(): readonly string[] | number {
    return this.#side === "counts"
      ? this.#charges.length - this.#given
      : this.#charges.filter(({ isLive }) => isLive).map(({ id }) => id);
  }

  #land(key: string): string | undefined {
    if (this.#forbidden.has(key)) return undefined;
    const knowsKeys = !["is searched", "counts"].includes(this.#side);
    const known = knowsKeys && this.#charges.find((charge) => charge.key === key);
    if (known) return known.id;
    const id = `c${this.#charges.length + 1}`;
    this.#charges.push({ id, key, isLive: true });
    return id;
  }

  #undo(act: () => void): Promise<void> {
    return new Promise((resolve) =>
      this.#later(1, () => {
        act();
        resolve();
      })
    );
  }

  #later(ms: number, act: () => void): void {
    this.busy++;
    setTimeout(() => {
      this.busy--;
      act();
    }, ms);
  }
}

type Definition = StepDefinition<
  Record<never, never>,
  { chargeId: string },
  "charge",
  undefined,
  undefined
>;

/**
 * Runs a charge and a later step until nothing is pending any more, and returns the remaining
 * charges.
 */
export async function weather(
  side: Side,
  { courses, abortAt, next }: Weather,
  define: (other: OtherSide) => Omit<Definition, "name" | "timeout">,
): Promise<{ readonly result: Result<{ chargeId: string }>; readonly other: OtherSide }> {
  const time = new FakeTime();
  try {
    const other = new OtherSide(side, courses);
    const charge = step({ name: "charge", timeout: 4, ...define(other) }) as Step<
      "charge",
      Record<never, never>,
      { chargeId: string }
    >;
    const last = step({
      name: "next",
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, next.ms));
        if (next.fails) throw new Error("no stock");
      },
    });
    const aborter = new AbortController();
    if (abortAt !== undefined) setTimeout(() => aborter.abort(), abortAt);
    let open = 1;
    let result: Result<{ chargeId: string }> | undefined;
    pipeline({ name: "checkout", steps: [charge, last] }).run({}, {
      signal: aborter.signal,
      waitUntil: (watch) => {
        open++;
        watch.then(() => open--);
      },
    }).then((given) => {
      result = given;
      open--;
    });
    for (let ms = 0; ms < 1_000; ms++) {
      await setImmediate();
      if (result && open === 0 && other.busy === 0) return { result, other };
      time.tick(1);
    }
    throw new AssertionError("the run hangs");
  } finally {
    time.restore();
  }
}
