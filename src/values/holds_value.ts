const MOST = 10_000;

/** Whether a text tells a value, or any value inside of it; of short ones, whether it quotes them. */
export function holdsValue(text: string, value: unknown): boolean {
  let count = 0;
  const around = new Set<object>();
  return holds(value);

  function holds(value: unknown): boolean {
    // Too much to look through is not proved to be absent.
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
