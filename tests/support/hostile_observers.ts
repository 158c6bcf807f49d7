import {
  observe,
  type Observer,
  type Span,
  type SpanObserver,
  type Watcher,
} from "@runsheet/runsheet/observe";

/** A fault of an observer; `fault` must be called for each error that it causes. */
type Hostile = (fault: () => Error) => Observer;

const follow = (make: (fault: () => Error) => SpanObserver): Hostile => (fault) => () =>
  make(fault);

function fail(fault: () => Error): never {
  throw fault();
}

/** Faulty observers, each in its own way. */
export const hostileObservers: Readonly<Record<string, Hostile>> = {
  "throws when a span begins": (fault) => () => fail(fault),
  "rejects": (fault) => () => Promise.reject(fault()) as never,
  "is asynchronous": (fault) => () => Promise.resolve(void fault()) as never,
  "returns a number": (fault) => () => (fault(), 42) as never,
  "returns an object that throws when it is read": (fault) => () =>
    new Proxy({}, {
      get: (_target, name) => name === "within" ? fail(fault) : undefined,
      has: (_target, name) => name === "within",
    }),
  "throws when a span ends": follow((fault) => ({ end: () => fail(fault) })),
  "rejects when a span ends": follow((fault) => ({ end: () => Promise.reject(fault()) as never })),
  "throws at progress": follow((fault) => ({ progress: () => fail(fault) })),
  "throws before it makes the call": follow((fault) => ({ within: () => fail(fault) })),
  "throws after it has made the call": follow((fault) => ({
    within(call) {
      call();
      fail(fault);
    },
  })),
  "never makes the call": follow((fault) => ({ within: () => void fault() })),
  "makes the call twice": follow((fault) => ({
    within(call) {
      call();
      fault();
      call();
    },
  })),
  "makes the call later": follow((fault) => ({
    within: (call) => (fault(), void Promise.resolve().then(call)),
  })),
  "makes the call, and again later": follow((fault) => ({
    within(call) {
      call();
      fault();
      Promise.resolve().then(call);
    },
  })),
  "rejects around the call": follow((fault) => ({
    within(call) {
      call();
      return Promise.reject(fault()) as never;
    },
  })),
  "makes the call in a timer": follow((fault) => ({
    within: (call) => (fault(), void setTimeout(call, 0)),
  })),
  "rejects at progress": follow((fault) => ({
    progress: () => Promise.reject(fault()) as never,
  })),
  "ends a span itself": follow(() => {
    const own: SpanObserver = {
      within(call) {
        own.end?.({ ok: false, error: new Error("not yours") });
        call();
        own.end?.({ ok: true });
      },
      end: () => {},
    };
    return own;
  }),
  "changes the span": (fault) => (span) => {
    fault();
    Object.assign(span, { id: "other", runId: "other" });
  },
  "changes the end of a span": follow((fault) => ({
    end(end) {
      fault();
      Object.assign(end, { ok: !end.ok });
    },
  })),
};

/** Makes a watcher of one, and collects the runs in which it has failed. */
export function hostile(
  name: string,
): { readonly observer: Watcher; readonly failed: ReadonlySet<Span> } {
  const failed = new Set<Span>();
  const observer = observe((span) => {
    const fault = () => {
      failed.add(outermost(span));
      return new Error(name);
    };
    return hostileObservers[name]!(fault)(span);
  });
  return { observer, failed };
}

function outermost(span: Span): Span {
  return span.parent ? outermost(span.parent) : span;
}
