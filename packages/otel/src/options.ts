import type { TracerProvider } from "@opentelemetry/api";
import type { Span } from "@runsheet/runsheet/observe";

/** The values that an attribute may have. */
export type AttributeValue = string | number | boolean | string[];

/** The options of `otel`. */
export interface OtelOptions {
  /**
   * The provider of the tracer. It is asked when a run begins, so a global one may be registered at
   * any time.
   *
   * @default {the global one}
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Decides whether a part of a run has a span. If it returns `false` for a run, a step or a
   * rollback, nothing inside has one either. `usual` is the answer without this option: `false` for
   * predicates, for waits, and for the attempts of a step without a retry policy.
   *
   * @default {(span, usual) => usual}
   */
  readonly spans?: ((span: Span, usual: boolean) => boolean) | undefined;
  /**
   * Returns additional attributes. The usual ones contain neither args nor data, as these may be
   * secret.
   *
   * @default {none}
   */
  readonly attributes?: ((span: Span) => Readonly<Record<string, AttributeValue>>) | undefined;
}

/** Whether a part of a run has a span by default. */
export function usualSpans({ kind, retries }: Span): boolean {
  if (kind === "attempt") return retries !== undefined;
  return kind !== "wait" && kind !== "predicate";
}
