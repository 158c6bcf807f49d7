import type { SpanObserver } from "../api/observer.ts";
import { refuse } from "../report/checks.ts";
import { callBack } from "../run/call_back.ts";

type Called<T> = { readonly value: T } | { readonly thrown: unknown };

/**
 * Makes a call inside an observer's `within`, exactly once whatever the observer does, and returns
 * the call's value. The observer does not receive it, because awaiting it could repeat its work:
 * some queries run each time they are awaited.
 */
export function callWithin<T>(follow: SpanObserver, call: () => T, id: string): T {
  const made: Called<T>[] = [];
  let calls = 0;
  let isOver = false;
  const callOnce = (): void => {
    if (isOver) return;
    if (++calls > 1) refuseCount();
    made.push(tryCall(call));
  };
  const refuseCount = () =>
    refuse(`observe '${id}'`, "'within' must call what it is given once, and at once", calls);
  callBack(() => {
    try {
      follow.within!(callOnce);
    } finally {
      isOver = calls === 0;
    }
    if (isOver) refuseCount();
  });
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
