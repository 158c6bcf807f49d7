import { type Span as OtelSpan, SpanStatusCode } from "@opentelemetry/api";
import { toJSON } from "@runsheet/runsheet";
import type { SpanEnd } from "@runsheet/runsheet/observe";

/** Ends a span with its outcome. OpenTelemetry no longer recommends `recordException`. */
export function endSpan(otelSpan: OtelSpan, end: SpanEnd): void {
  const { ok, error, failedStep, ran, replayed, late, committed, notUndone, interrupted } = end;
  if (ok && ran === false) otelSpan.setAttribute("runsheet.skipped", true);
  if (replayed) otelSpan.setAttribute("runsheet.replayed", true);
  if (late) otelSpan.setAttribute("runsheet.late", late);
  if (notUndone !== undefined) otelSpan.setAttribute("runsheet.not_undone", notUndone);
  if (committed !== undefined) otelSpan.setAttribute("runsheet.committed", committed);
  if (failedStep !== undefined) otelSpan.setAttribute("runsheet.failed_step", failedStep);
  if (!ok) {
    // As in logs: the library's messages without rejected values.
    const { name, code, message } = toJSON(error ?? new Error("unknown"));
    if (interrupted) otelSpan.setAttribute("runsheet.interrupted", name);
    else {
      otelSpan.setAttribute("error.type", typeof code === "string" && code !== "" ? code : name);
      otelSpan.setStatus({ code: SpanStatusCode.ERROR, message });
    }
  }
  otelSpan.end();
}
