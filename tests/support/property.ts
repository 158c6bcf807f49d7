import process from "node:process";
import { assertEquals } from "@std/assert";
import fc, { type Arbitrary } from "fast-check";

const { RUNSHEET_RUNS, RUNSHEET_SEED, RUNSHEET_PATH } = process.env;

/**
 * Checks a property for random cases: RUNSHEET_RUNS of them, by default 200. RUNSHEET_SEED and
 * RUNSHEET_PATH, which a failure prints, reproduce it.
 */
export async function property<T>(
  cases: Arbitrary<T>,
  holds: (one: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, holds), {
    numRuns: Number(RUNSHEET_RUNS ?? 200),
    includeErrorInReport: true,
    ...(RUNSHEET_SEED && { seed: Number(RUNSHEET_SEED) }),
    ...(RUNSHEET_PATH && { path: RUNSHEET_PATH }),
  });
}

/**
 * Checks a property whose cases must be of each of these kinds, so that it is never vacuous.
 * `holds` returns the kind of a case. Some are rare: cases are added until each kind was seen.
 */
export async function propertyOfKinds<T>(
  kinds: readonly string[],
  cases: Arbitrary<T>,
  holds: (one: T) => Promise<readonly string[]>,
): Promise<void> {
  const missing = new Set(kinds);
  const tick = async (one: T) => (await holds(one)).forEach((kind) => missing.delete(kind));
  for (let round = 0; round === 0 || (missing.size > 0 && round < 100); round++) {
    await property(cases, tick);
  }
  assertEquals([...missing], [], "no case was of these kinds");
}
