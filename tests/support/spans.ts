import { observe, type Span, type SpanEnd, type Watcher } from "@runsheet/runsheet/observe";

/** The spans that a watcher saw. */
export interface SeenSpans {
  readonly observer: Watcher;
  readonly spans: readonly Span[];
  readonly ends: ReadonlyMap<Span, SpanEnd>;
  /** One line for each span, indented by its depth, in the order in which they began. */
  readonly tree: () => string[];
  /** Starts, progress and ends in time. */
  readonly lines: readonly string[];
}

/** Watches all spans of the runs that it observes. */
export function seeSpans(): SeenSpans {
  const spans: Span[] = [];
  const ends = new Map<Span, SpanEnd>();
  const lines: string[] = [];
  const observer = observe((span) => {
    spans.push(span);
    lines.push(`begin ${label(span)}`);
    return {
      progress: ({ done, failed, total = "?" }) =>
        void lines.push(`progress ${label(span)} ${done}/${total}, ${failed} failed`),
      end(end) {
        const isFirst = !ends.has(span);
        ends.set(span, isFirst ? end : { ok: false, error: new Error("ended twice") });
        lines.push(`end ${label(span)} ${outcome(end)}`);
      },
    };
  });
  const tree = () =>
    spans.map((span) => `${"  ".repeat(depth(span))}${label(span)} ${outcome(ends.get(span))}`);
  return { observer, spans, ends, tree, lines };
}

function label({ kind, id }: Span): string {
  return id === "" ? kind : `${kind} ${id}`;
}

function depth({ parent }: Span): number {
  return parent ? 1 + depth(parent) : 0;
}

function outcome(end: SpanEnd | undefined): string {
  if (!end) return "…";
  const { ok, error, ran, replayed, late, interrupted } = end;
  const notes = [late, replayed && "replayed", ran === false && "not run"].filter(Boolean);
  const text = ok ? "ok" : `${interrupted ? "interrupted" : "failed"}: ${error?.message}`;
  return notes.length === 0 ? text : `${text} (${notes.join(", ")})`;
}
