import type { Attributes } from "@opentelemetry/api";
import type { Span } from "@runsheet/runsheet/observe";

/** The attributes of a span when it begins. */
export function attributesOf(span: Span, delay: number | undefined): Attributes {
  const { runId, path, node, attempt, kind, undo, ofAttempt, undos } = span;
  const ms = kind === "wait" ? span.ms : delay;
  return {
    "runsheet.run.id": runId,
    ...(path !== "" && { "runsheet.step.path": path }),
    ...(node && { "runsheet.step.kind": node }),
    ...(attempt !== undefined && { "runsheet.attempt": attempt }),
    ...(undo && { "runsheet.undo.kind": undo }),
    ...(ofAttempt !== undefined && { "runsheet.undo.of_attempt": ofAttempt }),
    ...(undos && { "runsheet.step.undos": [...undos] }),
    ...(ms !== undefined && { "runsheet.retry.delay_ms": ms }),
  };
}
