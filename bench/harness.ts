// Our own harness: mitata and tinybench measure one contender completely before they begin the
// next, so a ratio would compare two different minutes of a machine. Here, each round calls every
// contender for a millisecond, in rotating order. Their fast samples count: other work on a busy
// machine makes a sample slower, and never faster.

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
  readonly targets: Readonly<Record<string, Target>>;
  /** Whether a call is too slow for a smoke test. */
  readonly large?: boolean;
  /** Waits until everything that the case leaves behind, such as timers, is gone. */
  readonly settle?: () => Promise<void>;
}

/** The highest acceptable ratio, for all runtimes or for each. */
export type Target = number | Readonly<Record<RuntimeName, number>>;

export type RuntimeName = "node" | "deno" | "bun";

/** The measurement of a contender. */
export interface Measured {
  readonly name: string;
  /** The time of a unit of work in a fast sample, in microseconds. */
  readonly us: number;
  /** The subject's time divided by this one's. */
  readonly ratio: number;
  /** The largest distance of that ratio from those of the quarters of the rounds. */
  readonly noise: number;
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
  sample: 1,
  minRounds: 20,
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
  runtime: RuntimeName,
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
    const ratio = ratioOf(times[0]!, times[which]!);
    const quarters = [0, 1, 2, 3].slice(0, rounds).map((quarter) => {
      const isInQuarter = (_: number, round: number) => round % 4 === quarter;
      return ratioOf(times[0]!.filter(isInQuarter), times[which]!.filter(isInQuarter));
    });
    const given = targets[contender.name] ?? null;
    const target = typeof given === "object" ? given?.[runtime] ?? null : given;
    return {
      name: contender.name,
      us: quantile(times[which]!, FAST),
      ratio,
      noise: Math.max(...quarters.map((quarter) => Math.abs(quarter - ratio))),
      target,
      met: target === null ? null : ratio <= target,
    };
  });
  return { name, rounds, contenders: measured };
}

/** The share of a contender's samples that are faster than the one that counts. */
const FAST = 0.2;

function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return quantile(ours, FAST) / quantile(theirs, FAST);
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
          `Cannot measure '${name}' as '${contender.name}' must have the outcome ${expected}: current value is ${actual}`,
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
      // Never fewer than before: other work makes a sample look as if fewer calls would fill it, and
      // short samples run in cold caches.
      calls[which] = Math.max(calls[which]!, Math.min(Math.round(fitting), 10 * calls[which]!));
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
