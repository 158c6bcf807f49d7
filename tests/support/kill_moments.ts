import process from "node:process";
import fc from "fast-check";

const { RUNSHEET_KILLS, RUNSHEET_SEED = "1" } = process.env;

/** The moment at which a process of examples/service is killed. */
export interface Moment {
  readonly name: string;
  /** Whether a piece of the traffic is the last one. */
  readonly isLast: (piece: string, nth: number) => boolean;
  /** Whether the last piece still arrives, if the process has sent it. */
  readonly arrives: boolean;
  /** Whether all orders may have ended before. */
  readonly isRandom?: boolean;
}

/** The moment at which a text passes. */
export function passing(name: string, text: string, arrives: boolean): Moment {
  return { name, isLast: (piece) => piece.includes(text), arrives };
}

/** Moments that are not left to chance. */
export const namedMoments: readonly Moment[] = [
  passing("in a charge", "PUT /charges/", true),
  passing("in an undo of a charge", "DELETE /charges/", true),
  passing("in an undo of a reservation", "delete from orders", false),
];

/**
 * RUNSHEET_KILLS random moments, by default a `few`, and fifty for `all`. RUNSHEET_SEED, which a
 * failure prints, chooses them.
 */
export function randomMoments(few: number, pieces: { min: number; max: number }): Moment[] {
  const count = RUNSHEET_KILLS === "all" ? 50 : Number(RUNSHEET_KILLS ?? few);
  return fc.sample(
    fc.record({ n: fc.noBias(fc.integer(pieces)), arrives: fc.boolean() }),
    { numRuns: count, seed: Number(RUNSHEET_SEED) },
  ).map(({ n, arrives }) => ({
    name: `at piece ${n} of seed ${RUNSHEET_SEED}`,
    isLast: (_piece, nth) => nth === n,
    arrives,
    isRandom: true,
  }));
}
