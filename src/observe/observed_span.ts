import type { NodeKind, Span } from "../api/observer.ts";
import { looksPlain } from "../report/printable.ts";

/** The fields of a span besides its position. */
export type SpanDetails = Pick<
  Span,
  "node" | "attempt" | "retries" | "index" | "ms" | "of" | "undo" | "ofAttempt" | "undos"
>;

const NONE: SpanDetails = {};

/** A span. All have the same fields, as a spread of objects of many shapes is slow on Node 20. */
export class ObservedSpan implements Span {
  static {
    looksPlain(this);
  }

  readonly kind: Span["kind"];
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly runId: string;
  readonly parent: Span | undefined;
  readonly node: NodeKind | undefined;
  readonly attempt: number | undefined;
  readonly retries: number | undefined;
  readonly index: number | undefined;
  readonly ms: number | undefined;
  readonly of: Span | undefined;
  readonly undo: Span["undo"];
  readonly ofAttempt: number | undefined;
  readonly undos: readonly string[] | undefined;

  constructor(
    kind: Span["kind"],
    id: string,
    path: string,
    name: string,
    runId: string,
    parent: Span | undefined,
    details: SpanDetails = NONE,
  ) {
    this.kind = kind;
    this.id = id;
    this.path = path;
    this.name = name;
    this.runId = runId;
    this.parent = parent;
    this.node = details.node;
    this.attempt = details.attempt;
    this.retries = details.retries;
    this.index = details.index;
    this.ms = details.ms;
    this.of = details.of;
    this.undo = details.undo;
    this.ofAttempt = details.ofAttempt;
    this.undos = details.undos;
    Object.freeze(this);
  }
}
