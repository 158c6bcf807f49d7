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

/** The state that the spans of one run share. */
interface TracedRun {
  readonly tracer: Tracer;
  readonly limits: ItemLimits;
  /** The planned length of a wait, in milliseconds, by the id of the attempt that follows. */
  readonly delays: Map<string, number>;
}

/** A span that is traced. */
interface Traced {
  readonly run: TracedRun;
  readonly otelSpan: OtelSpan;
  /** The context of everything inside it. */
  readonly inside: Context;
  /** Read while it is open, as the undos of a run inside a step begin after its span has ended. */
  readonly isSampled: boolean;
}

/**
 * Makes a watcher that traces runs. The span of a run contains those of its steps, these contain
 * the attempts of steps that have a retry policy, and these contain the spans that the
 * application's own code makes. The span of a rollback contains its undos, each linked to the span
 * of the step that it undoes; so does the span of an attempt that landed late.
 *
 * A run that is not sampled has one span. Of the items of a collection and of the undos of a step,
 * the first hundred have spans, and after those the first hundred that fail. The progress of a
 * group is an event at each tenth.
 *
 * @param options The tracer, the choice of spans, and additional attributes.
 * @returns A watcher for the `observer` option of `run`, or for `observeAll`.
 *
 * @example With an additional attribute
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
    if (span.parent && !parent?.isSampled) return false;
    if (span.kind === "wait") parent?.run.delays.set(span.id.replace(/!wait$/, ""), span.ms ?? 0);
    if (!spans(span, usualSpans(span))) {
      if (!parent || !isCall(span)) return false;
      all.set(span, parent);
      return;
    }

    const run = parent && span.kind !== "run" ? parent.run : beginRun();
    const around = parent ? contextOf(span, parent) : context.active();
    if (run.limits.begins(span)) {
      const otelSpan = start(span, run, around);
      const inside = trace.setSpan(around, otelSpan);
      all.set(span, { run, otelSpan, inside, isSampled: otelSpan.isRecording() });
      return new Follower(otelSpan, inside);
    }
    if (!run.limits.mayFail(span)) return false;
    const began = Date.now();
    return {
      end: (end) => {
        if (!end.ok && !end.interrupted && run.limits.fails(span)) {
          endSpan(start(span, run, around, began), end);
        }
      },
    };
  });
}

/** Whether a span is that of one call. The engine reports a late outcome only to its observers. */
function isCall({ kind }: Span): boolean {
  return kind === "attempt" || kind === "item" || kind === "predicate" || kind === "undo";
}

/**
 * The context around a span. Values that middleware adds to the context, such as baggage, reach the
 * steps, but not an undo, as any signal may have started it.
 */
function contextOf({ kind }: Span, parent: Traced): Context {
  const isUndo = kind === "undo" || kind === "rollback" || kind === "late";
  return isUndo ? parent.inside : trace.setSpan(context.active(), parent.otelSpan);
}
