import {
  type Observer,
  type Progress,
  type Span,
  type SpanEnd,
  type SpanObserver,
  type Watch,
  type Watcher,
  watching,
} from "../api/observer.ts";
import { refuse } from "../report/checks.ts";
import { callBack } from "../run/call_back.ts";
import { isThenable } from "../values/maybe_promise.ts";
import { callWithin } from "./call_within.ts";

/** What `run` takes, for those who observe it. */
export function watcherOf(observers: readonly Observer[]): Watcher {
  return Object.freeze({
    [watching]: Object.freeze({
      observers,
      begin: (run: Span, others: readonly Observer[] = []) => begin([...observers, ...others], run),
    }),
  });
}

/** An observer, and what it gave to follow a span. */
interface Follower {
  readonly observe: Observer;
  readonly follow: SpanObserver | undefined;
}

function begin(observers: readonly Observer[], span: Span): Watch | undefined {
  Object.freeze(span);
  const followers: Follower[] = [];
  for (const observe of observers) {
    const follow = ask(observe, span);
    if (follow !== false) followers.push({ observe, follow });
  }
  return followers.length === 0 ? undefined : new Observed(span, followers);
}

function ask(observe: Observer, span: Span): SpanObserver | undefined | false {
  let given: unknown;
  callBack(() => given = observe(span));
  if (given === false) return false;
  callBack(() => {
    if (given === undefined || isObserver(given)) return;
    // What a promise gives would come too late to follow anything; where it rejects, that tells enough.
    if (isThenable(given)) Promise.resolve(given).then(() => refuseAnswer(given, span));
    else refuseAnswer(given, span);
  });
  return isObserver(given) ? given : undefined;
}

function isObserver(given: unknown): given is SpanObserver {
  return typeof given === "object" && given !== null && !("then" in given);
}

function refuseAnswer(given: unknown, { id }: Span): never {
  refuse(`observe '${id}'`, "an observer must give an object, false or nothing at once", given);
}

/** A span that somebody observes. Nothing that they do changes the run. */
class Observed implements Watch {
  readonly span: Span;
  readonly #followers: readonly Follower[];

  constructor(span: Span, followers: readonly Follower[]) {
    this.span = span;
    this.#followers = followers;
  }

  begin(part: Omit<Span, "runId" | "parent">): Watch | undefined {
    const { span } = this;
    const observers = this.#followers.map(({ observe }) => observe);
    return begin(observers, { ...part, runId: span.runId, parent: span });
  }

  within<T>(call: () => T): T {
    // The first is outermost.
    return this.#followers.reduceRight<() => T>(
      (inner, { follow }) => follow ? () => callWithin(follow, inner, this.span.id) : inner,
      call,
    )();
  }

  progress(progress: Progress): void {
    this.#tell((follow) => follow.progress?.(Object.freeze(progress)));
  }

  end(end: SpanEnd): void {
    this.#tell((follow) => follow.end?.(Object.freeze(end)));
  }

  #tell(call: (follow: SpanObserver) => void): void {
    for (const { follow } of this.#followers) {
      if (follow) callBack(() => call(follow));
    }
  }
}
