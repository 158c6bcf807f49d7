import { assertFalse } from "@std/assert";

/** Values that no log may contain. */
export const SECRET = "s3cret";

/** The parsed output of JSON.stringify. */
export function logged(value: unknown): unknown {
  const line = JSON.stringify(value);
  assertFalse(line.includes(SECRET), line);
  return JSON.parse(line);
}
