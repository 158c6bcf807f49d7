import {
  type Context,
  context,
  type Span as OtelSpan,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { observe, type Span, type Watcher } from "@runsheet/runsheet/observe";
import { attributesOf } from "./attributes_of.ts";
import { Follower } from "./follower.ts";
import { ItemLimits } from "./item_limits.ts";
import { nameOf } from "./name_of.ts";
import { type OtelOptions, usualSpans } from "./options.ts";
import { endSpan } from "./end_span.ts";
import { version } from "./version.ts";

/** What the spans of one run share. */
interface TracedRun {
  readonly tracer: Tracer;
  readonly limits: ItemLimits;
  /** How long a wait was to be, in milliseconds, by the id of the attempt that follows. */
  readonly delays: Map<string, number>;
}

/** A span that is traced. */
interface Traced {
  readonly run: TracedRun;
  readonly otelSpan: OtelSpan;
  /** Where what happens inside it stands. */
  readonly inside: Context;
}

/**
 * Makes a watcher that traces runs. Inside the span of the run are those of its steps, in these the
 * attempts of steps that have a retry policy, and in these the spans that the application's own
 * code makes. A rollback has a span with the undos in it, each linked to the span of the step that
 * it undoes; so has an attempt that came late.
 *
 * Of a run that is not sampled there is one span. Of items, and of undos of the same step, the
 * first hundred have spans, and the first hundred that fail after them; how far a group has come is
 * an event at each tenth.
 *
 * @param options Whose tracer, which spans, and more attributes.
 * @returns What `run` takes as its `observer`, and `observeAll` for every run of the process.
 *
 * @example With an attribute of one's own
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { otel } from "@runsheet/otel";
 *
 * const observer = otel({ attributes: () => ({ "deployment.ring": "canary" }) });
 * await step({ name: "hello", run: () => ({ hello: "world" }) }).run({}, { observer });
 * ```
 */
export function otel(options: OtelOptions = {}): Watcher {
  const { tracerProvider, spans = usualSpans, attributes } = options;
  const all = new WeakMap<Span, Traced>();

  const beginRun = (): TracedRun => ({
    tracer: (tracerProvider ?? trace.getTracerProvider()).getTracer("@runsheet/otel", version),
    limits: new ItemLimits(),
    delays: new Map(),
  });

  const start = (
    span: Span,
    { tracer, delays }: TracedRun,
    around: Context,
    startTime?: number,
  ) => {
    const undone = span.of && all.get(span.of);
    const otelSpan = tracer.startSpan(nameOf(span), {
      attributes: { ...attributesOf(span, delays.get(span.id)), ...attributes?.(span) },
      ...(undone && { links: [{ context: undone.otelSpan.spanContext() }] }),
      ...(startTime !== undefined && { startTime }),
    }, around);
    delays.delete(span.id);
    return otelSpan;
  };

  return observe((span) => {
    const parent = span.parent && all.get(span.parent);
    if (span.parent && !parent?.otelSpan.isRecording()) return false;
    if (span.kind === "wait") parent?.run.delays.set(span.id.replace(/!wait$/, ""), span.ms ?? 0);
    if (!spans(span, usualSpans(span))) {
      if (!parent || !isCall(span)) return false;
      all.set(span, parent);
      return;
    }

    const run = parent?.run ?? beginRun();
    const around = parent ? contextOf(span, parent) : context.active();
    if (run.limits.begins(span)) {
      const otelSpan = start(span, run, around);
      const inside = trace.setSpan(around, otelSpan);
      all.set(span, { run, otelSpan, inside });
      return new Follower(otelSpan, inside);
    }
    if (!run.limits.mayFail(span)) return false;
    const began = Date.now();
    return {
      end: (end) => {
        if (!end.ok && run.limits.fails(span)) endSpan(start(span, run, around, began), end);
      },
    };
  });
}

/**
 * Whether it is one call. The engine tells what becomes of it later only to those who observe it.
 */
function isCall({ kind }: Span): boolean {
  return kind === "attempt" || kind === "item" || kind === "predicate" || kind === "undo";
}

/**
 * What a span stands in. What middleware has put into the context, such as baggage, reaches the
 * steps; an undo is none of theirs, and may be started by anybody's signal.
 */
function contextOf({ kind }: Span, parent: Traced): Context {
  const isUndo = kind === "undo" || kind === "rollback" || kind === "late";
  return isUndo ? parent.inside : trace.setSpan(context.active(), parent.otelSpan);
}
