import { assertFalse } from "@std/assert";

/** What no log may show. */
export const SECRET = "s3cret";

/** What JSON.stringify prints, read again. */
export function logged(value: unknown): unknown {
  const line = JSON.stringify(value);
  assertFalse(line.includes(SECRET), line);
  return JSON.parse(line);
}
