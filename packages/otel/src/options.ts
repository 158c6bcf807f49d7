import type { TracerProvider } from "@opentelemetry/api";
import type { Span } from "@runsheet/runsheet/observe";

/** What an attribute may be. */
export type AttributeValue = string | number | boolean | string[];

/** What `otel` takes. */
export interface OtelOptions {
  /**
   * Where the tracer comes from. It is asked when a run begins, so that a global one may be
   * registered at any time.
   *
   * @default {the global one}
   */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Whether something in a run is to have a span; with `false` for a run, a step or a rollback
   * nothing inside it has one either. `usual` is the answer without this option: `false` for
   * predicates, for waits, and for the attempts of a step without a retry policy.
   *
   * @default {(span, usual) => usual}
   */
  readonly spans?: ((span: Span, usual: boolean) => boolean) | undefined;
  /**
   * Gives more attributes. The usual ones hold neither args nor data, as these may be secret.
   *
   * @default {none}
   */
  readonly attributes?: ((span: Span) => Readonly<Record<string, AttributeValue>>) | undefined;
}

/** Whether something has a span unless the options say otherwise. */
export function usualSpans({ kind, retries }: Span): boolean {
  if (kind === "attempt") return retries !== undefined;
  return kind !== "wait" && kind !== "predicate";
}
