const MOST = 10_000;

/**
 * Whether a text contains a value or any nested value; short values count only if they are quoted.
 */
export function holdsValue(text: string, value: unknown): boolean {
  let count = 0;
  const around = new Set<object>();
  return holds(value);

  function holds(value: unknown): boolean {
    // Too large to search, so assume that the text contains it.
    if (++count > MOST) return true;
    if (typeof value === "string") {
      return tells(text, value) || tells(text, JSON.stringify(value).slice(1, -1));
    }
    if (typeof value === "number" || typeof value === "bigint") return tells(text, `${value}`);
    if (value instanceof Date) return tells(text, `${value}`) || tells(text, `${value.toJSON()}`);
    if (typeof value !== "object" || value === null || around.has(value)) return false;
    around.add(value);
    const parts = value instanceof Map
      ? [...value].flat()
      : value instanceof Set
      ? [...value]
      : Object.values(value);
    return parts.some(holds);
  }
}

function tells(text: string, value: string): boolean {
  if (value.length > 3) return text.includes(value);
  return value !== "" && [`"`, `'`, "`"].some((quote) => text.includes(quote + value + quote));
}
