import process from "node:process";
import fc, { type Arbitrary } from "fast-check";

const { RUNSHEET_RUNS, RUNSHEET_SEED, RUNSHEET_PATH } = process.env;

/**
 * Checks that something holds for random cases: RUNSHEET_RUNS of them, 200 if it is not set. What a failure prints,
 * RUNSHEET_SEED and RUNSHEET_PATH bring back.
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
