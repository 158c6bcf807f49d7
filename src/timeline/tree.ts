import { checkBoolean, checkOptions, refuse } from "../report/checks.ts";
import { checkRecorded } from "./check_recorded.ts";
import { pick, type Row } from "./rows.ts";
import { SIGNS, type State } from "./state.ts";
import { columnsOf, count, cutInside, duration } from "./texts.ts";
import { axisEnd, lastOf, type TimedSpan } from "./timeline.ts";

/** The options of {@linkcode tree}. */
export interface TreeOptions {
  /**
   * Whether the lines have colours.
   *
   * @default {false}
   */
  readonly color?: boolean | undefined;
  /**
   * The number of columns, at least 60. Lines with an error may be longer.
   *
   * @default {100}
   */
  readonly width?: number | undefined;
}

/** The longest tree, in lines. */
const ROOM = 200;

/** The width of the durations with the spaces around them. */
const DURATION = 11;

const COLORS: Readonly<Record<State, number>> = {
  ok: 32,
  failed: 31,
  interrupted: 33,
  skipped: 90,
  running: 33,
  undone: 35,
  stuck: 31,
  late: 33,
  wait: 90,
};

const SHADES: Partial<Record<State, string>> = {
  skipped: "·",
  running: "░",
  interrupted: "░",
  undone: "▒",
  stuck: "▒",
  late: "░",
  wait: "·",
};

/**
 * Draws a run as lines of text, for a terminal or a log: what ran, for how long, and how it ended.
 * There are at most 200 lines: of many items it shows the first ones and those that failed.
 *
 * No name and no message can control the terminal. Args and data never appear: errors are printed
 * as `toJSON` prints them.
 *
 * @param run One of the `runs` of a {@linkcode timeline}; it may be under way.
 * @param options Colours and width.
 * @returns The lines.
 * @throws {ConfigError} If it is no recorded run, or an option is wrong.
 *
 * @example Colours only for a terminal
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { timeline, tree } from "@runsheet/runsheet/report";
 * import { assertStringIncludes } from "@std/assert";
 * import process from "node:process";
 *
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("declined")) });
 * const observer = timeline();
 * await charge.run({}, { observer });
 *
 * const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
 * assertStringIncludes(tree(observer.runs[0]!, { color }), "Error: declined");
 * ```
 */
export function tree(run: TimedSpan, options: TreeOptions = {}): string {
  const action = "draw a tree";
  checkRecorded(action, run);
  const own = checkOptions(action, options, ["color", "width"]);
  checkBoolean(action, "color", own.color);
  const { color = false, width = 100 } = own;
  if (!Number.isSafeInteger(width) || width < 60) {
    refuse(action, "'width' must be an integer of at least 60", width);
  }
  const lines = linesOf(run);
  const room = Math.floor(width * 0.6);
  const names = Math.min(room, Math.max(...lines.map(({ text }) => columnsOf(text).length)));
  const bars = width - names - DURATION;
  const end = lastOf(run);
  const perColumn = (axisEnd(run) - run.from) / bars || 1;
  const paint = (text: string, { state }: Row) =>
    color ? `\x1b[${COLORS[state]}m${text}\x1b[0m` : text;
  return lines.map(({ row, text, isError }) => {
    if (!row) return text;
    if (isError) return paint(text, row);
    const { from, to = end } = row.timed;
    const start = Math.min(bars - 1, Math.floor((from - run.from) / perColumn));
    const length = Math.max(1, Math.min(bars - start, Math.round((to - from) / perColumn)));
    const bar = (SHADES[row.state] ?? "█").repeat(length);
    const name = cutInside(text, names);
    const gap = " ".repeat(names - columnsOf(name).length);
    const ms = duration(to - from).padStart(DURATION - 3);
    return `${paint(name, row)}${gap} ${ms}  ${" ".repeat(start)}${paint(bar, row)}`;
  }).join("\n");
}

interface Line {
  /** Absent for the count of the spans that are left out. */
  readonly row?: Row;
  readonly text: string;
  readonly isError?: boolean;
}

/** The lines, within the room; the counts of what is left out take lines, too. */
function linesOf(run: TimedSpan, room: number = ROOM): readonly Line[] {
  const { rows, below } = pick(run, (row) => ({
    drawn: row,
    size: row.error === undefined ? 1 : 2,
  }), room);
  const lines = walk(run, "", "");
  const excess = lines.length - ROOM;
  return excess > 0 ? linesOf(run, room - excess) : lines;

  function walk(timed: TimedSpan, lead: string, indent: string): Line[] {
    const row = rows.get(timed)!;
    const { title, state, notes, error } = row;
    const note = notes.length > 0 ? ` (${notes.join(", ")})` : "";
    const { shown, left } = below(timed);
    return [
      { row, text: `${lead}${SIGNS[state]} ${title}${note}` },
      ...error === undefined ? [] : [{ row, text: `${indent}  ${error}`, isError: true }],
      ...shown.flatMap((part, n) => {
        const isLast = n === shown.length - 1 && left === 0;
        return walk(part, indent + (isLast ? "└ " : "├ "), indent + (isLast ? "  " : "│ "));
      }),
      ...left > 0 ? [{ text: `${indent}└ … and ${count(left)} more` }] : [],
    ];
  }
}
