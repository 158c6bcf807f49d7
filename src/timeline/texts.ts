import { errorJSON } from "../report/error_json.ts";
import type { ErrorJSON } from "../report/error_json.ts";

/** A duration as text. */
export function duration(ms: number): string {
  const [unit, size] = ms >= 600_000 ? ["min", 60_000] : ms >= 10_000 ? ["s", 1_000] : ["ms", 1];
  const value = ms / size;
  return `${+value.toFixed(ms >= 10 && size === 1 ? 0 : 1)} ${unit}`;
}

const LONGEST = 300;

/** An error with its causes in one line, without refused values, as `toJSON` prints it. */
export function errorText(error: Error): string {
  const parts: string[] = [];
  let told: ErrorJSON | string | undefined = errorJSON(error, false);
  while (told !== undefined) {
    const text = typeof told === "string" ? told : nameOf(told);
    // The message of an abort ends in its reason, which is also its cause.
    const isTold = typeof told === "object" && parts.at(-1)?.endsWith(` ${text}`);
    if (!isTold) parts.push(text);
    told = typeof told === "string" ? undefined : told.cause;
  }
  return oneLine(parts.join(", caused by "), LONGEST);
}

function nameOf({ name, code, message }: ErrorJSON): string {
  return `${name}${code === undefined ? "" : ` (${code})`}: ${message}`;
}

/** A text in one line, cut if it is too long. */
export function oneLine(text: string, longest = 100): string {
  return cut(withoutControls(text.slice(0, 4 * longest).replaceAll(/\s+/g, " ")), longest);
}

/** A text without characters that control a terminal or the direction of text. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cs}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, "\u{FFFD}");
}

/** A text, cut if it is too long. */
export function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join("")}…`;
}

// What Unicode calls East Asian wide or fullwidth, and emoji.
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u;

/** What a text puts into each column of a terminal; nothing after a character that takes two. */
export function columnsOf(text: string): readonly string[] {
  const characters = text.match(/.(?:[\p{Mn}\p{Me}\p{Emoji_Modifier}]|\u200D.)*/gsu) ?? [];
  return characters.flatMap((one) => WIDE.test(one) ? [one, ""] : [one]);
}

/** The number of columns that are kept at the end of a text that is cut before its end. */
const TAIL = 24;

/** A text, cut before its end if it takes too many columns, as its end states the outcome. */
export function cutInside(text: string, longest: number): string {
  const columns = columnsOf(text);
  if (columns.length <= longest) return text;
  const left = longest - TAIL - 1;
  const isInside = columns[left] === ""; // of a character that takes two
  const start = columns.slice(0, isInside ? left - 1 : left);
  return `${start.join("")}…${columns.slice(-TAIL).join("")}`;
}

/** A number, with commas between thousands. */
export function count(n: number): string {
  return n.toLocaleString("en");
}
