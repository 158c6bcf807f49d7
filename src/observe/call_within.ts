import type { Observer, Span, SpanObserver } from "../api/observer.ts";
import { refuse } from "../report/checks.ts";
import { guard } from "./guard.ts";

type Called<T> = { readonly value: T } | { readonly thrown: unknown };

/** An observer that follows a span with a `within`. */
interface Enclosing {
  readonly observe: Observer;
  readonly follow: SpanObserver;
}

/**
 * Makes a call inside an observer's `within`, exactly once whatever the observer does, and returns
 * the call's value. The observer does not receive it, because awaiting it could repeat its work:
 * some queries run each time they are awaited.
 */
export function callWithin<T>({ observe, follow }: Enclosing, call: () => T, span: Span): T {
  const made: Called<T>[] = [];
  let calls = 0;
  let isOver = false;
  const refuseCount = () =>
    guard(
      observe,
      span,
      () =>
        refuse(
          `observe '${span.id || span.name}'`,
          "'within' must call what it is given once, and at once",
          calls,
        ),
    );
  const callOnce = (): void => {
    if (++calls > 1 || isOver) refuseCount();
    else made.push(tryCall(call));
  };
  guard(observe, span, () => follow.within!(callOnce));
  isOver = true;
  if (calls === 0) refuseCount();
  const [first = tryCall(call)] = made;
  if ("thrown" in first) throw first.thrown;
  return first.value;
}

function tryCall<T>(call: () => T): Called<T> {
  try {
    return { value: call() };
  } catch (thrown) {
    return { thrown };
  }
}
