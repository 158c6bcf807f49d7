import type { Observer, Span, SpanObserver } from "../api/observer.ts";
import { refuse } from "../report/checks.ts";
import { isThenable } from "../values/maybe_promise.ts";
import { callWithin } from "./call_within.ts";
import { guard } from "./guard.ts";

/** An observer, and the object it returned to follow a span. */
interface Follower {
  readonly observe: Observer;
  readonly follow: SpanObserver | undefined;
  /** Whether it has a `within`. One without adds no frames to the stacks of errors. */
  readonly hasWithin: boolean;
}

/** The observers that follow one span. Nothing they do changes the run. */
export class Followers {
  readonly #span: Span;
  readonly #observers: readonly Observer[];
  readonly #followers: readonly Follower[];

  /** Asks each observer whether to follow a span; returns `undefined` if none does. */
  static ask(observers: readonly Observer[], span: Span): Followers | undefined {
    const followers = observers.map((observe) => ask(observe, span))
      .filter((one) => one !== undefined);
    if (followers.length === 0) return undefined;
    const isAll = followers.length === observers.length;
    const remaining = isAll ? observers : followers.map(({ observe }) => observe);
    return new Followers(span, remaining, followers);
  }

  private constructor(
    span: Span,
    observers: readonly Observer[],
    followers: readonly Follower[],
  ) {
    this.#span = span;
    this.#observers = observers;
    this.#followers = followers;
  }

  /** Asks the same observers whether to follow a span inside this one. */
  ask(part: Span): Followers | undefined {
    return Followers.ask(this.#observers, part);
  }

  /** Makes a call inside the `within` of each, the first outermost. */
  within<T>(call: () => T): T {
    return this.#followers.reduceRight<() => T>(
      (inner, { observe, follow, hasWithin }) =>
        hasWithin ? () => callWithin({ observe, follow: follow! }, inner, this.#span) : inner,
      call,
    )();
  }

  tell(call: (follow: SpanObserver) => unknown): void {
    for (const { observe, follow } of this.#followers) {
      if (follow) guard(observe, this.#span, () => call(follow));
    }
  }
}

function ask(observe: Observer, span: Span): Follower | undefined {
  let given: unknown;
  let follow: SpanObserver | undefined;
  let hasWithin = false;
  guard(observe, span, () => {
    given = observe(span);
    if (given === undefined || given === false) return;
    if (typeof given !== "object" || given === null) refuseAnswer(given, span);
    // A promise comes too late to follow anything. If it rejects, its own error is enough.
    if (isThenable(given)) return Promise.resolve(given).then(() => refuseAnswer(given, span));
    hasWithin = "within" in given && given.within !== undefined;
    follow = given;
  });
  return given === false ? undefined : { observe, follow, hasWithin };
}

function refuseAnswer(given: unknown, { id, name }: Span): never {
  refuse(
    `observe '${id || name}'`,
    "an observer must return an object, false or nothing, synchronously",
    given,
  );
}
