// Our own harness: mitata and tinybench measure one contender completely before they begin the
// next, so a ratio would compare two different minutes of a machine. Here, each round calls every
// contender once, in rotating order; the ratio is taken within each round, and the median of the
// rounds counts.

/** One way to do the work of a case. */
export interface Contender {
  readonly name: string;
  /** Does the work once. */
  readonly run: () => Promise<unknown>;
  /** The outcome, which must be the same for every contender of a case. */
  readonly outcome: (given: unknown) => unknown;
  /** The full report, which must be the same for all contenders that have one. */
  readonly detail?: (given: unknown) => unknown;
  /** The units of work in one call; ratios and times are per unit. */
  readonly units?: number;
}

/** A set of contenders measured together. */
export interface Case {
  readonly name: string;
  /** The first one is the subject; a ratio is its time divided by another's. */
  readonly contenders: readonly Contender[];
  /** The highest acceptable ratio to a contender. */
  readonly targets: Readonly<Record<string, number>>;
  /** Whether a call is too slow for a smoke test. */
  readonly large?: boolean;
  /** Waits until everything that the case leaves behind, such as timers, is gone. */
  readonly settle?: () => Promise<void>;
}

/** The measurement of a contender. */
export interface Measured {
  readonly name: string;
  /** The median time of a unit of work, in microseconds. */
  readonly us: number;
  /** The subject's time divided by this one's: the median of the rounds, with quartiles. */
  readonly ratio: number;
  readonly quartiles: readonly [low: number, high: number];
  readonly target: number | null;
  readonly met: boolean | null;
}

/** The measurement of a case. */
export interface MeasuredCase {
  readonly name: string;
  readonly rounds: number;
  readonly contenders: readonly Measured[];
}

/** The durations of a measurement. */
export interface Effort {
  /** The duration of the warm-up and of the rounds of a case, in milliseconds. */
  readonly warmUp: number;
  readonly budget: number;
  /** The time of one contender in a round, in milliseconds. */
  readonly sample: number;
  readonly minRounds: number;
  /** The number of comparisons. */
  readonly comparisons: number;
}

export const FULL: Effort = {
  warmUp: 400,
  budget: 2_000,
  sample: 3,
  minRounds: 15,
  comparisons: 3,
};
export const QUICK: Effort = { warmUp: 5, budget: 10, sample: 1, minRounds: 1, comparisons: 1 };

/** The sink of all results, so that no engine can optimize them away. */
const sink: { last: unknown } = { last: undefined };

/** The time of `count` successive calls, in milliseconds. */
async function timeOf({ run }: Contender, calls: number): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < calls; n++) sink.last = await run();
  return performance.now() - start;
}

export async function measure(
  { name, contenders, targets, settle }: Case,
  effort: Effort,
): Promise<MeasuredCase> {
  for (const target of Object.keys(targets)) {
    if (contenders.some(({ name }) => name === target)) continue;
    throw new Error(
      `Cannot measure '${name}' as a target must name a contender: current value is '${target}'`,
    );
  }
  await compare(name, contenders, effort.comparisons);
  const calls = await warmUp(contenders, effort);
  const times: number[][] = contenders.map(() => []);
  const start = performance.now();
  let rounds = 0;
  for (; rounds < effort.minRounds || performance.now() - start < effort.budget; rounds++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const which = (turn + rounds) % contenders.length;
      const contender = contenders[which]!;
      const ms = await timeOf(contender, calls[which]!);
      times[which]!.push(1_000 * ms / calls[which]! / (contender.units ?? 1));
    }
  }
  await settle?.();
  const measured = contenders.map((contender, which): Measured => {
    const ratios = times[0]!.map((us, round) => us / times[which]![round]!);
    const ratio = quantile(ratios, 0.5);
    const target = targets[contender.name] ?? null;
    return {
      name: contender.name,
      us: quantile(times[which]!, 0.5),
      ratio,
      quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
      target,
      met: target === null ? null : ratio <= target,
    };
  });
  return { name, rounds, contenders: measured };
}

/** Fails unless all contenders have the same outcomes, repeatedly. */
async function compare(
  name: string,
  contenders: readonly Contender[],
  comparisons: number,
): Promise<void> {
  for (let time = 1; time <= comparisons; time++) {
    const given = new Map<Contender, unknown>();
    for (const contender of contenders) given.set(contender, await contender.run());
    for (const what of ["outcome", "detail"] as const) {
      let expected: string | undefined;
      for (const [contender, value] of given) {
        const tell = contender[what];
        if (!tell) continue;
        const actual = JSON.stringify(tell(value)) ?? "undefined";
        expected ??= actual;
        if (actual === expected && actual !== "undefined") continue;
        throw new Error(
          `Cannot measure '${name}' as '${contender.name}' must come to ${expected}: current value is ${actual}`,
        );
      }
    }
  }
}

/**
 * Calls all contenders in turns until the engine has compiled them; returns the number of calls per
 * sample of each.
 */
async function warmUp(
  contenders: readonly Contender[],
  { warmUp, sample }: Effort,
): Promise<number[]> {
  const calls = contenders.map(() => 1);
  const start = performance.now();
  do {
    for (const [which, contender] of contenders.entries()) {
      const ms = await timeOf(contender, calls[which]!);
      const fitting = calls[which]! * sample / Math.max(ms, 0.01);
      calls[which] = Math.max(1, Math.min(Math.round(fitting), 10 * calls[which]!));
    }
  } while (performance.now() - start < warmUp);
  return calls;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}
