// The results for human readers.
import type { Results } from "./worker.ts";

/** A row of cells, or a heading. */
type Row = readonly string[] | string;

export function table({ runtime, machine, date, quick, cases, imports, memory }: Results): string {
  const rows: Row[] = [];
  for (const { name, contenders, rounds } of cases) {
    rows.push(`${name}: ${rounds} ${rounds === 1 ? "round" : "rounds"}`);
    const floor = contenders.find(({ name }) => name === "floor");
    contenders.forEach(({ name, us, ratio, noise, target, met }, n) => {
      const ofFloor = floor && n > 0 && name !== "floor" ? times(floor.us / us) : "";
      const ratios = n === 0 ? ["", "", ""] : [times(ratio), `± ${noise.toFixed(2)}`, ofFloor];
      rows.push([name, `${us.toPrecision(3)} µs`, ...ratios, verdict(target, met, "×")]);
    });
  }
  if (imports.length > 0) {
    rows.push("cold import");
    for (const { name, ms, beyond, target, met } of imports) {
      const more = `${beyond.toFixed(1)} ms beyond an empty one`;
      rows.push([name, `${ms.toFixed(1)} ms`, "", more, "", verdict(target, met, " ms")]);
    }
  }
  if (memory.length > 0) {
    rows.push("heap");
    for (const { name, inFlight, leftBehind, target, met } of memory) {
      const bytes = [inFlight, leftBehind].map((count) => `${Math.round(count)} B`);
      const left = `${bytes[1]} left behind`;
      rows.push([name, `${bytes[0]} in flight`, "", left, "", verdict(target, met, " B")]);
    }
  }
  const note = quick ? " (quick: the figures mean nothing)" : "";
  const about =
    "A ratio is runsheet's time over the other's, in fast samples (± between quarters of them).\n" +
    "Behind it stands that of the floor, the least interpreter with the same contract.";
  return `${runtime} on ${machine}, ${date}${note}\n${about}\n${align(rows)}\n${sum(rows)}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} ×`;
}

function verdict(target: number | null, met: boolean | null, unit: string): string {
  return target === null ? "" : `≤ ${target}${unit} ${met ? "met" : "MISSED"}`;
}

/** The rows that miss their target by more than their noise. */
export function missed({ runtime, cases, imports, memory }: Results): string[] {
  const ratios = cases.flatMap(({ name, contenders }) =>
    contenders
      .filter(({ ratio, noise, target }) => target !== null && ratio - noise > target)
      .map((contender) => `${name}, × ${contender.name}: ${times(contender.ratio)}`)
  );
  const others = [...imports, ...memory].filter(({ met }) => met === false).map(({ name }) => name);
  return [...ratios, ...others].map((row) => `${runtime}: ${row}`);
}

function align(rows: readonly Row[]): string {
  const cells = rows.filter((row) => typeof row !== "string");
  const widths = [0, 1, 2, 3, 4].map((n) => Math.max(...cells.map((row) => row[n]?.length ?? 0)));
  return rows.map((row) => {
    if (typeof row === "string") return `\n${row}`;
    const [name = "", ...others] = row;
    const right = others.map((cell, n) => n < 4 ? cell.padStart(widths[n + 1]!) : cell);
    return ["  " + name.padEnd(widths[0]!), ...right].join("  ").trimEnd();
  }).join("\n");
}

function sum(rows: readonly Row[]): string {
  const verdicts = rows.map((row) => typeof row === "string" ? "" : row.at(-1) ?? "");
  const met = verdicts.filter((verdict) => verdict.endsWith(" met")).length;
  const missed = verdicts.filter((verdict) => verdict.endsWith(" MISSED")).length;
  return `\n${met} targets met, ${missed} missed`;
}
