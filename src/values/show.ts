/** A value as a few words for an error message; safe for every value, hostile ones too. */
export function show(value: unknown): string {
  try {
    if (typeof value === "string") {
      return JSON.stringify(
        value.length > 80 ? `${value.slice(0, 79)}…` : value,
      );
    }
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "function") {
      return `function ${value.name || "(anonymous)"}`;
    }
    if (typeof value !== "object" || value === null) return String(value);
    if (Array.isArray(value)) return `an array of ${value.length}`;
    const name = Object.getPrototypeOf(value)?.constructor?.name;
    if (value instanceof Error) return `${name}: ${value.message.replace(/\.$/, "")}`;
    return name === undefined || name === "Object"
      ? `an object with keys [${Object.keys(value)}]`
      : `a ${name}`;
  } catch {
    return "a value that cannot be shown";
  }
}
