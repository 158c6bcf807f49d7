import process from "node:process";
import fc, { type Arbitrary } from "fast-check";

const { RUNSHEET_RUNS, RUNSHEET_SEED, RUNSHEET_PATH } = process.env;

/**
 * Checks a property for random cases: RUNSHEET_RUNS of them, by default 200, but no fewer than
 * `least`. RUNSHEET_SEED and RUNSHEET_PATH, which a failure prints, reproduce it.
 */
export async function property<T>(
  cases: Arbitrary<T>,
  holds: (one: T) => Promise<void>,
  least = 1,
): Promise<void> {
  await fc.assert(fc.asyncProperty(cases, holds), {
    numRuns: Math.max(Number(RUNSHEET_RUNS ?? 200), least),
    includeErrorInReport: true,
    ...(RUNSHEET_SEED && { seed: Number(RUNSHEET_SEED) }),
    ...(RUNSHEET_PATH && { path: RUNSHEET_PATH }),
  });
}
