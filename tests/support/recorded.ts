import type { AnyStep, RunOptions } from "@runsheet/runsheet";
import { type TimedSpan, timeline } from "@runsheet/runsheet/report";

/** Runs a step, and returns the run that a timeline has recorded. */
export async function recorded(
  step: AnyStep,
  args: object = {},
  options: RunOptions = {},
): Promise<TimedSpan> {
  const observer = timeline();
  await step.run(args as never, { ...options, observer });
  return firstOf(observer.runs);
}

/** The first run of a timeline. */
export function firstOf(runs: readonly TimedSpan[]): TimedSpan {
  if (!runs[0]) throw new Error("no run was recorded");
  return runs[0];
}

/** A tree of kinds and paths, a line each. */
export function outline({ span, parts }: TimedSpan, indent = ""): string[] {
  const own = `${indent}${span.kind} ${span.path}`.trimEnd();
  return [own, ...parts.flatMap((part) => outline(part, `${indent}  `))];
}

/** The text of a page, without its style: a line for each row, item and paragraph. */
export function wordsOf(page: string): string[] {
  return page.replace(/<style>[^]*<\/style>/, "")
    .replaceAll(/<span class="a">.*?<\/span><\/span>/g, "")
    .replaceAll(/<br>|<\/(?:div|p|h\d|title)>|<ol[^>]*>/g, "\n")
    .replaceAll(/<span class="d">.*?<\/span>/g, "")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
