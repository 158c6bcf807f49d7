import { checkRecorded } from "./check_recorded.ts";
import { pick, type Row, some, undoName } from "./rows.ts";
import { SIGNS, type State, stateOf } from "./state.ts";
import { STYLE } from "./style.ts";
import { count, duration, errorText, oneLine } from "./texts.ts";
import { axisEnd, lastOf, type TimedSpan } from "./timeline.ts";
import { bareSteps, notReleased, undosOf } from "./undos.ts";

/** How many bytes the lists of a page may take, so that a whole page has at most 50 KB. */
const ROOM = { rows: 36_000, undos: 8_000 };

/**
 * Draws a run as a page of HTML: what ran and when, what was retried and why, what settled late,
 * what was undone in which order, and what could not be undone. The page is one file of at most
 * 50 KB, whatever the size of the run: of many items it shows the first ones and those that failed.
 * It has no script, loads nothing, and follows the reader's choice of light or dark.
 *
 * Names and messages are escaped. Args and data never appear: errors are printed as `toJSON` prints
 * them.
 *
 * @param run One of the `runs` of a {@linkcode timeline}; it may be under way.
 * @returns The page.
 * @throws {ConfigError} If it is no recorded run.
 *
 * @example A page of a failed run
 * ```ts
 * import { step } from "@runsheet/runsheet";
 * import { html, timeline } from "@runsheet/runsheet/report";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const charge = step({ name: "charge", run: () => Promise.reject(new Error("<declined>")) });
 * const observer = timeline();
 * await charge.run({}, { observer, runId: "order-4711" });
 *
 * const page = html(observer.runs[0]!); // Deno.writeTextFile("order-4711.html", page)
 * assertStringIncludes(page, "Error: &#60;declined&#62;");
 * ```
 */
export function html(run: TimedSpan): string {
  checkRecorded("draw a page", run);
  const state = stateOf(run);
  const name = escape(oneLine(run.span.name));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline'">
<title>${SIGNS[state]} ${name}</title>
<style>${STYLE}</style>
<h1><span class="${state}">${SIGNS[state]}</span> ${name}</h1>
${outcome(run, state)}
<h2>What was undone, in this order</h2>
${undoList(run)}
<h2>What ran</h2>
${rowsOf(run)}
<p><small>${KEY}</small></p>
</html>
`;
}

const KEY =
  "✓ done, ✗ failed, ‖ interrupted by a host, – skipped, ↩ undone, ‼ could not be undone or released, » late, · wait, " +
  "… under way. An attempt that is given up goes on by itself until it lands or fails late.";

function outcome(run: TimedSpan, state: State): string {
  const { error, failedStep, committed } = run.end ?? {};
  const facts = [
    `${OUTCOMES[state] ?? "failed after"} ${duration((run.to ?? lastOf(run)) - run.from)}`,
    `began ${new Date(run.from).toISOString().replace("T", " ").replace("Z", " UTC")}`,
    `run ${escape(oneLine(run.span.runId))}`,
  ];
  const held = notReleased(run).map(({ span }) => span.name);
  const summary = `<p>${facts.join(" · ")}</p>`;
  const left = held.length > 0 ? `\n<p class="stuck">Not released: ${names(held)}</p>` : "";
  if (!error) return summary + left;
  const place = failedStep ? ` at <b>${escape(oneLine(failedStep))}</b>` : "";
  const stands = committed === undefined
    ? ""
    : `\n<p>What was done up to <b>${escape(oneLine(committed))}</b> stands.</p>`;
  const what = state === "interrupted" ? "Interrupted by a host" : `Failed${place}`;
  return `${summary}\n<p class="${state}">${what}: ${escape(errorText(error))}</p>${stands}${left}`;
}

const OUTCOMES: Partial<Record<State, string>> = {
  ok: "done in",
  running: "under way for",
  interrupted: "interrupted after",
};

function undoList(run: TimedSpan): string {
  const undos = undosOf(run);
  const bare = [...new Set([...bareSteps(run)].map(({ span }) => span.path))];
  const without = bare.length > 0 ? `\n<p>Done, with no undo declared: ${names(bare)}</p>` : "";
  if (undos.length === 0) return `<p>Nothing.</p>${without}`;
  const attempts = new Map(undos.map((all) => [all.at(-1)!, all.length]));
  let room = ROOM.undos;
  const items = some([...attempts.keys()]).map((undo) => undoItem(undo, attempts.get(undo)!, run))
    .filter((item) => (room -= sizeOf(item)) >= 0);
  const left = undos.length - items.length;
  const more = left > 0 ? `\n<p>… and ${count(left)} more</p>` : "";
  const ends = undos.map((attempts) => stateOf(attempts.at(-1)!));
  const bad = ends.filter((state) => state === "stuck").length;
  const atLast = undos.some((attempts) => attempts.length > 1) ? " in the end" : "";
  const isOver = !ends.includes("running") && !ends.includes("interrupted");
  const verdict = bad > 0
    ? `\n<p>${count(bad)} of ${count(undos.length)} could not be undone.</p>`
    : isOver
    ? `\n<p>Every undo succeeded${atLast}.</p>`
    : "";
  return `<ol class="u">\n${items.join("\n")}\n</ol>${more}${verdict}${without}`;
}

/** How many names a line has. */
const MOST = 20;

function names(all: readonly string[]): string {
  const shown = all.slice(0, MOST).map((name) => `<b>${escape(oneLine(name))}</b>`).join(", ");
  return all.length > MOST ? `${shown} and ${count(all.length - MOST)} more` : shown;
}

function undoItem(undo: TimedSpan, attempts: number, run: TimedSpan): string {
  const state = stateOf(undo);
  const error = undo.end?.error;
  const words = [
    undo.span.kind === "late" ? "has no undo" : WORDS[state] ?? "undone",
    attempts > 1 ? ` at retry ${attempts - 1}` : "",
    ` after ${duration((undo.to ?? undo.from) - run.from)}`,
  ];
  const why = error ? `<br><span class="e">${escape(errorText(error))}</span>` : "";
  const name = escape(undoName(undo.span));
  return `<li class="${state}">${SIGNS[state]} <b>${name}</b> <small>${
    words.join("")
  }</small>${why}`;
}

const WORDS: Partial<Record<State, string>> = {
  stuck: "could not be undone",
  running: "being undone",
  interrupted: "interrupted",
};

function rowsOf(run: TimedSpan): string {
  const end = lastOf(run);
  const whole = axisEnd(run) - run.from || 1;
  const percentAt = (time: number) => Math.min(100, 100 * (time - run.from) / whole);
  const { rows, below } = pick(run, (row, depth) => {
    const drawn = drawRow(row, depth, end, percentAt);
    return { drawn, size: sizeOf(drawn) + 24 };
  }, ROOM.rows);
  return `<div class="r"><span class="n"></span><span class="d"></span>${axis(whole)}</div>\n` +
    `<ol>\n${list(run)}\n</ol>`;

  function list(timed: TimedSpan): string {
    const { shown, left } = below(timed);
    const items = shown.map(list);
    if (left > 0) items.push(`<li><small>… and ${count(left)} more</small>`);
    const parts = items.length > 0 ? `\n<ol>\n${items.join("\n")}\n</ol>` : "";
    return `<li>${rows.get(timed)}${parts}`;
  }
}

function drawRow(
  { timed, state, title, notes, error }: Row,
  depth: number,
  end: number,
  percentAt: (time: number) => number,
): string {
  const { from, to = end } = timed;
  const left = percentAt(from);
  const indent = depth > 0 ? ` style="--i:${depth}"` : "";
  const note = notes.length > 0 ? ` <small>${escape(notes.join(", "))}</small>` : "";
  const why = error === undefined ? "" : `<p class="e"${indent}>${escape(error)}</p>`;
  return `<div class="r ${state}"${indent}><span class="n">${SIGNS[state]} <b>${
    escape(title)
  }</b>${note}</span>` +
    `<span class="d">${duration(to - from)}</span><span class="t"><i style="left:${
      percent(left)
    };width:${percent(percentAt(to) - left)}"></i></span></div>${why}`;
}

function percent(share: number): string {
  return `${+share.toFixed(2)}%`;
}

function axis(whole: number): string {
  const marks = [0, 25, 50, 75].map((percent) =>
    `<span style="left:${percent}%">${duration(whole * percent / 100)}</span>`
  );
  return `<span class="a">${marks.join("")}</span>`;
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
