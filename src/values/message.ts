/** A message in two versions: `full` for memory, `safe` for logs, where the values of args and data are left out. */
export interface Message {
  readonly full: string;
  readonly safe: string;
}

/** Composes a message of parts; those that are strings or numbers are the same in both versions. */
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

/** Shows the first ten of a list, and counts the others: a message must not grow with what it tells. */
export function list<T>(items: readonly T[], show: (item: T) => Message): Message {
  const parts = items.slice(0, MOST).map(show);
  if (items.length > MOST) parts.push(same(`and ${items.length - MOST} more`));
  const join = (version: keyof Message) =>
    parts.map((part) => shorten(part[version], LONGEST)).join("; ");
  return { full: join("full"), safe: join("safe") };
}

/** A text that is the same in both versions. */
export function same(text: string): Message {
  return { full: text, safe: text };
}

/** A text of at most so many characters. */
export function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** What logs print of an error, where that is not what its fields say. */
export interface Safe {
  readonly message: string;
  readonly issues?: readonly {
    readonly message: string;
    readonly path: readonly (string | number)[];
  }[];
  readonly cause?: string;
}

/** Where an error keeps what logs print of it. Registered, so that another copy of the package prints it, too. */
const safe: unique symbol = Symbol.for("runsheet.safe");

/** Says what logs print of an error. */
export function withSafe<E extends Error>(error: E, what: Safe): E {
  return Object.defineProperty(error, safe, { value: what });
}

/** What logs print of an error; `undefined` where that is what its fields say. */
export function safeOf(error: unknown): Safe | undefined {
  try {
    return (error as { [safe]?: Safe })[safe];
  } catch {
    return undefined; // a Proxy may throw
  }
}

/** The message of any error, hostile ones too. That of an error which is not ours is the application's own. */
export function messageOf(error: Error): Message {
  try {
    const full = String(error.message);
    return { full, safe: safeOf(error)?.message ?? full };
  } catch {
    return same("a message that cannot be read");
  }
}
