/**
 * A message in two versions: `full` for the program, and `safe` for logs, without values of args
 * and data.
 */
export interface Message {
  readonly full: string;
  readonly safe: string;
}

/** Composes a message; strings and numbers are the same in both versions. */
export function message(
  texts: TemplateStringsArray,
  ...parts: readonly (string | number | Message)[]
): Message {
  const compose = (version: keyof Message) =>
    String.raw(
      { raw: texts },
      ...parts.map((part) => typeof part === "object" ? part[version] : part),
    );
  return { full: compose("full"), safe: compose("safe") };
}

const MOST = 10;

const LONGEST = 1_000;

/**
 * Shows the first ten entries of a list and counts the others, which bounds the length of messages.
 */
export function list<T>(items: readonly T[], show: (item: T) => Message): Message {
  const parts = items.slice(0, MOST).map(show);
  if (items.length > MOST) parts.push(same(`and ${items.length - MOST} more`));
  const join = (version: keyof Message) =>
    parts.map((part) => shorten(part[version], LONGEST)).join("; ");
  return { full: join("full"), safe: join("safe") };
}

/** Makes a message whose versions are the same. */
export function same(text: string): Message {
  return { full: text, safe: text };
}

export function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** The values that logs print instead of an error's own fields. */
export interface Safe {
  readonly message: string;
  readonly issues?: readonly {
    readonly message: string;
    readonly path: readonly (string | number)[];
  }[];
  readonly cause?: string;
}

/**
 * Holds an error's safe values. A registered symbol, so that other copies of the package find it.
 */
const safe: unique symbol = Symbol.for("runsheet.safe");

/** Sets the values that logs print for an error. */
export function withSafe<E extends Error>(error: E, what: Safe): E {
  return Object.defineProperty(error, safe, { value: what });
}

/** The values that logs print for an error; `undefined` if these are its own fields. */
export function safeOf(error: unknown): Safe | undefined {
  try {
    return (error as { [safe]?: Safe })[safe];
  } catch {
    return undefined; // A Proxy may throw.
  }
}

/** The message of any error, even a hostile one. Messages of the application count as safe. */
export function messageOf(error: Error): Message {
  try {
    const full = String(error.message);
    return { full, safe: safeOf(error)?.message ?? full };
  } catch {
    return same("a message that cannot be read");
  }
}
