import type { Progress, Span, SpanEnd } from "../api/observer.ts";
import { attemptId, lateId, parseId, stepOf, withoutIndexes } from "../run/paths.ts";
import { isBad, type State, stateOf } from "./state.ts";
import { count, duration, errorText, oneLine } from "./texts.ts";
import type { TimedSpan } from "./timeline.ts";
import { bareSteps, undoId } from "./undos.ts";

/** A span as a picture of a run shows it. */
export interface Row {
  readonly timed: TimedSpan;
  readonly state: State;
  readonly title: string;
  readonly notes: readonly string[];
  /** The text of its error, unless a row inside it shows the same error. */
  readonly error: string | undefined;
  /** The spans inside it that get a row of their own. */
  readonly parts: readonly TimedSpan[];
}

/**
 * The row of a span; `parent` is the recorded span around it. A step is bare if it would have been
 * undone, but declares no undo.
 */
export function rowOf(timed: TimedSpan, parent?: TimedSpan, isBare = false): Row {
  const { span, end, progress } = timed;
  const state = isRetried(timed, parent) ? "failed" : stateOf(timed);
  const parts = partsOf(timed);
  const attempts = parts.filter((part) => part.span.kind === "attempt").length;
  const notes = [
    noteOn(timed, state, parent),
    isBare && "no undo declared",
    attempts > 1 && `${attempts} attempts`,
    progress && progressText(progress),
    committedText(timed),
    span.kind === "wait" && `${duration(span.ms ?? 0)} planned`,
    end?.replayed && "from the record",
  ];
  return {
    timed,
    state,
    title: titleOf(span, end),
    notes: notes.filter((note) => typeof note === "string"),
    error: end?.error && !isTold(end, span, parts) ? errorText(end.error) : undefined,
    parts,
  };
}

function committedText({ span, end }: TimedSpan): string | undefined {
  if (end?.committed === undefined) return undefined;
  return span.kind === "step" ? "the point of no return" : `committed by ${oneLine(end.committed)}`;
}

const NOTES: Partial<Record<State, string>> = {
  failed: "failed",
  interrupted: "interrupted",
  skipped: "skipped",
  running: "under way",
  stuck: "could not be undone",
};

function noteOn(
  { span: { kind, id }, end }: TimedSpan,
  state: State,
  parent: TimedSpan | undefined,
): string | undefined {
  if (kind === "late") return undefined; // the title says it
  if (state === "stuck" && (kind === "undo" || kind === "release")) {
    const late = parent?.parts.find(({ span }) => span.id === lateId(id));
    return `could not be ${kind === "undo" ? "undone" : "released"}${
      late?.end?.ok ? " in time" : ""
    }`;
  }
  if (kind === "rollback" && (state === "stuck" || state === "undone")) {
    return state === "stuck" ? `${count(end?.notUndone ?? 1)} not undone` : "all undone";
  }
  return NOTES[state];
}

/** Whether an undo or a release was retried, so that the last attempt decides. */
export function isRetried({ span }: TimedSpan, parent: TimedSpan | undefined): boolean {
  if (span.kind !== "undo" && span.kind !== "release" || !parent) return false;
  const next = attemptId(undoId(span), (span.attempt ?? 1) + 1);
  return parent.parts.some((part) => part.span.id === next);
}

/**
 * Whether another row shows the error. A rollback has the error of its first undo that failed. An
 * attempt that was undone before it had landed has the error of its timeout.
 */
function isTold({ error, late }: SpanEnd, { kind }: Span, parts: readonly TimedSpan[]): boolean {
  return kind === "rollback" && parts.some(isBad) || late === "compensated" ||
    parts.some(({ end }) => end?.error === error && end?.late !== "compensated");
}

function progressText({ done, failed, total }: Progress): string {
  const of = total === undefined ? "" : ` of ${count(total)}`;
  return `${count(done)}${of} done${failed > 0 ? `, ${count(failed)} of them failed` : ""}`;
}

function titleOf(span: Span, end: SpanEnd | undefined): string {
  const { kind, name, index, attempt, of, undo } = span;
  const again = (attempt ?? 1) > 1 ? `, retry ${attempt! - 1}` : "";
  const own = `${oneLine(name)}${index === undefined ? "" : ` [${index}]`}`;
  switch (kind) {
    case "attempt":
      return `attempt ${attempt}`;
    case "item":
      return `item ${index}`;
    case "predicate":
      return `predicate of ${own}`;
    case "wait":
    case "rollback":
      return kind;
    case "undo":
    case "release":
      if (kind === "release") return `release ${own}${again}`;
      // The row of its first attempt says the rest.
      return `undo ${undoName(again ? { ...span, ofAttempt: 1 } : span)}${again}`;
    case "late": {
      const what = undo
        ? `undo ${undoName(span)}${again}`
        : of
        ? `release ${own}${again}`
        : `attempt ${attempt}`;
      return `${what}, ${end ? howItLanded(end, of && !undo) : "given up, not landed yet"}`;
    }
    default:
      return own;
  }
}

const LATE: Readonly<Record<NonNullable<SpanEnd["late"]>, string>> = {
  adopted: "in time to be the success of the step",
  "same-effect": "left as it is",
  compensated: "undone",
  failed: "could not be undone",
  "no-handler": "has no undo",
  rejected: "failed late",
};

/** Describes a late end; an attempt that failed late or was undone unsettled has not landed. */
function howItLanded({ ok, late = "same-effect" }: SpanEnd, isRelease?: boolean): string {
  const outcome = isRelease && late === "compensated" ? "released" : LATE[late];
  return `${ok ? "landed late" : "given up"}, ${outcome}`;
}

/** The path of the step that an undo belongs to, and which of its undos it is. */
export function undoName(span: Span): string {
  const { id, path, ofAttempt = 1 } = span;
  const { undo, attempt } = parseId(id.replace(/!late$/, "")) ?? {};
  const which = undo === "defer"
    ? ` (deferred by attempt ${attempt})`
    : undo === "key"
    ? " (by key)"
    : attempt !== undefined
    ? ` (attempt ${attempt}, landed late)`
    : ofAttempt > 1
    ? ` (of attempt ${ofAttempt})`
    : "";
  return `${oneLine(placeOf(span) + stepOf(path))}${which}`;
}

/** The name of a run inside a step, before the paths in it. */
function placeOf({ kind, name, parent }: Span): string {
  if (kind !== "run") return parent ? placeOf(parent) : "";
  return parent ? `${placeOf(parent)}${name}/` : "";
}

/**
 * The spans inside a span that get a row. A single attempt gets none, as it shows no more than its
 * step.
 */
function partsOf(timed: TimedSpan): readonly TimedSpan[] {
  const attempts = timed.parts.filter(({ span }) => span.kind === "attempt").length;
  return timed.parts.flatMap((part) => {
    const { kind } = part.span;
    const isFolded = (kind === "attempt" && attempts === 1) ||
      (kind === "predicate" && part.end?.ok === true);
    return isFolded ? partsOf(part) : [part];
  });
}

/** The rows for which a picture has room. */
export interface Selection<Drawn> {
  readonly rows: ReadonlyMap<TimedSpan, Drawn>;
  /** The spans inside a span that have a row, and the number of those that have none. */
  below(timed: TimedSpan): { readonly shown: readonly TimedSpan[]; readonly left: number };
}

/**
 * Picks the rows of a picture level by level while there is room: of many items, the first ones and
 * those that failed.
 */
export function pick<Drawn>(
  run: TimedSpan,
  draw: (row: Row, depth: number) => { readonly drawn: Drawn; readonly size: number },
  room: number,
): Selection<Drawn> {
  const rows = new Map<TimedSpan, Drawn>();
  const parts = new Map<TimedSpan, readonly TimedSpan[]>();
  const bare = bareSteps(run);
  let left = room;
  let level: readonly (readonly [timed: TimedSpan, parent?: TimedSpan])[] = [[run]];
  for (let depth = 0; level.length > 0; depth++) {
    const next: [TimedSpan, TimedSpan][] = [];
    for (const [timed, parent] of level) {
      const row = rowOf(timed, parent, bare.has(timed));
      const { drawn, size } = draw(row, depth);
      if (size > left) continue;
      left -= size;
      rows.set(timed, drawn);
      parts.set(timed, row.parts);
      for (const part of some(row.parts)) next.push([part, timed]);
    }
    level = next;
  }
  return {
    rows,
    below(timed) {
      const all = parts.get(timed) ?? [];
      const shown = all.filter((part) => rows.has(part));
      return { shown, left: all.length - shown.length };
    },
  };
}

/** The number of items of a step, or of their undos, that are shown, and of failed ones beyond. */
const MOST = 10;

/** Of many items, or undos of items, the first ones and those that failed; of other spans, all. */
export function some(parts: readonly TimedSpan[]): readonly TimedSpan[] {
  const shown = new Map<string, number>();
  const hasRoom = (place: string) => {
    const count = shown.get(place) ?? 0;
    shown.set(place, count + 1);
    return count < MOST;
  };
  return parts.filter((part) => {
    const { kind, index, path } = part.span;
    if (index === undefined && kind !== "undo") return true;
    const place = `${kind} ${withoutIndexes(path)}`;
    return hasRoom(place) || isBad(part) && hasRoom(`failed ${place}`);
  });
}
