import type { Host } from "../../api/host.ts";
import type { ConformTarget, SagaArgs, SagaEnding, SagaEvent } from "./adapter.ts";
import { Cues, Driver } from "./drive.ts";
import { judge, type Played } from "./judge.ts";
import { saga } from "./saga.ts";
import { sagaEnd } from "./saga_end.ts";
import { type Fate, pointOf, World } from "./world.ts";

/** The options of `conform`. */
export interface ConformOptions {
  /**
   * The length of the saga's waits and timeouts, in milliseconds: the same as that of `saga`. It
   * must be long enough for a worker to report to the outside world and to begin a call.
   *
   * @default {100}
   */
  readonly waitMs?: number | undefined;
  /**
   * How long a run may be silent before it counts as lost, in milliseconds.
   *
   * @default {10_000}
   */
  readonly patienceMs?: number | undefined;
  /**
   * Kills only at every n-th point.
   *
   * @default {1}
   */
  readonly every?: number | undefined;
  /**
   * The endings of the runs.
   *
   * @default all
   */
  readonly endings?: readonly SagaEnding[] | undefined;
  /**
   * The greatest number of runs at a time, each with its own adapter.
   *
   * @default {1}
   */
  readonly concurrency?: number | undefined;
}

/** A run of the saga, and its faults. */
export interface ConformRun {
  /** The name of the run, which says what was done to it. */
  readonly name: string;
  /** How often its workers were killed. */
  readonly kills: number;
  /** A sentence for each fault. */
  readonly problems: readonly string[];
}

/** The findings of `conform`. */
export interface ConformReport {
  /** The runs. */
  readonly runs: readonly ConformRun[];
}

/** The point at which the saga begins to wait for its event. */
const APPROVAL = "enter when(approval)";
const ENDINGS: readonly SagaEnding[] = [
  "succeeds",
  "fails",
  "times out",
  "lands late",
  "is cancelled",
];
/** The point that decides each ending; kills before it would be those of a run that succeeds. */
const DECIDED: Readonly<Record<SagaEnding, string>> = {
  "succeeds": "call args",
  "fails": "call end",
  "times out": "call truck",
  // A call that a timeout has ended is not made again, so a kill would hide its landing.
  "lands late": "undo late",
  "is cancelled": APPROVAL,
};
/** The limit on kills for most endings: their undos are the same as those of a run that fails. */
const MOST_POINTS = 8;

const MOST_TRIES = 8;

interface Tried extends ConformRun {
  readonly longWaits: readonly string[];
}

/** One run of the saga. */
interface Round {
  readonly name: string;
  readonly ending: SagaEnding;
  /** The optional method that it needs of the adapter. */
  readonly needs?: "send" | "cancel" | "stall";
  plan(whole: readonly string[]): readonly (readonly [point: string, fate: Fate])[];
}

/**
 * Proves that an adapter keeps the promises of a durable run. It runs a saga of every kind of step,
 * kills its workers before, between and after every call, in every wait and at every undo, and
 * compares each run with one that is not killed. The result and the order of the undos must be the
 * same. A call may be repeated only if a kill left it in doubt, and then with the same key. No
 * effect may be left, and no call may go forward after a rollback has begun. It judges by what the
 * saga reports to the outside world, not by what the adapter says.
 *
 * @param target Makes an adapter for one run: `inProcess`, or one that starts and kills processes.
 * @param options The waits of the saga, and how much is killed.
 * @returns The faults of each run; `assertConforms` throws them.
 *
 * @example A store of your own
 * ```ts
 * import { durable, type Store } from "@runsheet/runsheet/durable";
 * import { assertConforms, conform, inProcess } from "@runsheet/runsheet/testing";
 *
 * const logs = new Map<string, string[]>();
 * const store: Store = {
 *   load: (run, from) => logs.get(run)?.slice(from) ?? [],
 *   append(run, seq, row) {
 *     const rows = logs.get(run) ?? [];
 *     if (rows.length !== seq) return false;
 *     logs.set(run, [...rows, row]);
 *     return true;
 *   },
 *   list: () => logs.keys(),
 * };
 * const target = inProcess((saga, mortal) => durable(saga, { store: mortal(store), leaseMs: 12 }));
 * assertConforms(await conform(target, { every: 20, concurrency: 8 }));
 * ```
 */
export async function conform(
  target: ConformTarget,
  options: ConformOptions = {},
): Promise<ConformReport> {
  const { waitMs = 100, patienceMs = 10_000, every = 1, endings = ENDINGS, concurrency = 1 } =
    options;
  const wholes = new Map<string, Promise<Played>>();

  function wholeOf(args: SagaArgs): Promise<Played> {
    const name = `${args.ending} ${args.hasEvents}`;
    const whole = wholes.get(name) ?? runWhole(args, waitMs);
    wholes.set(name, whole);
    return whole;
  }

  async function play(round: Round, n: number): Promise<Tried | undefined> {
    const cues = new Cues();
    const world = new World((cue) => cues.push(cue));
    const adapter = await target(world);
    const hasEvents = adapter.send !== undefined;
    if (round.needs && !adapter[round.needs] || round.needs === "cancel" && !hasEvents) {
      await adapter.stop?.();
      return undefined;
    }
    const runId = `saga-${n}-${crypto.randomUUID()}`;
    const args: SagaArgs = { runId, ending: round.ending, hasEvents };
    const whole = await wholeOf({ ...args, runId: `whole-${n}` });
    const points = eventsIn(whole).map(pointOf);
    const plan = round.plan([...new Set(points)])
      .filter(([, fate], at) => fate !== "kill" || at % every === 0);
    world.plan = new Map([[APPROVAL, "send"], ...plan]);
    const driver = new Driver(adapter, world, cues, args, { waitMs, patienceMs });
    const end = await driver.run();
    const { kills, longWaits, problems } = driver;
    const judged = judge({ log: world.log, end }, whole);
    return { name: round.name, kills, longWaits, problems: [...problems, ...judged] };
  }

  /** Plays a run again after a long wait, which a busy machine may have caused. */
  async function playPatiently(round: Round, n: number): Promise<ConformRun | undefined> {
    let run = await play(round, n);
    let longWaits = run?.longWaits ?? [];
    for (let tries = 1; run && longWaits.length > 0 && tries < MOST_TRIES; tries++) {
      run = await play(round, n);
      longWaits = longWaits.filter((step) => run?.longWaits.includes(step));
    }
    if (!run) return undefined;
    const { name, kills, problems } = run;
    const repeated = longWaits.map((step) => `the wait after '${step}' begins anew after a kill`);
    return { name, kills, problems: [...repeated, ...problems] };
  }

  const runs: (ConformRun | undefined)[] = [];
  const next = rounds().filter(({ ending }) => endings.includes(ending)).entries();
  const playInTurn = async (): Promise<void> => {
    for (const [n, round] of next) runs[n] = await playPatiently(round, n);
  };
  await Promise.all(Array.from({ length: concurrency }, playInTurn));
  return { runs: runs.filter((run) => run !== undefined) };
}

function rounds(): readonly Round[] {
  const killed = ENDINGS.map((ending): Round => ({
    name: `a run that ${ending}, killed at every moment`,
    ending,
    ...(ending === "is cancelled" && { needs: "cancel" }),
    plan(whole) {
      const points = whole.slice(whole.indexOf(DECIDED[ending]));
      const most = ending === "succeeds" || ending === "fails" ? points.length : MOST_POINTS;
      return points.slice(0, most).map((point) =>
        point === APPROVAL
          ? [point, ending === "is cancelled" ? "cancel" : "send"] as const
          : [point, "kill"] as const
      );
    },
  }));
  return [
    ...killed,
    {
      name: "a run that times out, killed in its waits",
      ending: "times out",
      plan: () => [
        ["failed charge", "kill in wait"],
        ["enter pause", "kill in wait"],
        [APPROVAL, "kill in event"],
        ["call truck", "kill in wait"],
      ],
    },
    {
      name: "a run whose worker stalls and wakes up again",
      ending: "succeeds",
      needs: "stall",
      plan: () => [["call cardFee", "stall"]],
    },
  ];
}

function eventsIn({ log }: Played): readonly SagaEvent[] {
  return log.flatMap((entry) => entry.kind === "told" ? [entry.event] : []);
}

/** Runs the saga as on a durable engine that is never killed. */
async function runWhole(args: SagaArgs, waitMs: number): Promise<Played> {
  const cancelled = new AbortController();
  const world = new World(({ answer }) => {
    cancelled.abort();
    answer();
  });
  if (args.ending === "is cancelled") world.plan.set(APPROVAL, "cancel");
  const host: Host = {
    durable: { lateMs: patienceOf(waitMs), signal: cancelled.signal },
    perform: (_call, fn) => fn(),
    sleep: (_call, ms, signal) => untilAborted(ms, signal),
    event: (_id, _name, signal) =>
      untilAborted(args.ending === "is cancelled" ? patienceOf(waitMs) : 0, signal)
        .then(() => ({})),
  };
  const result = await saga(world, { waitMs }).run(args, { runId: args.runId, host });
  return { log: world.log, end: sagaEnd(result) };
}

function patienceOf(waitMs: number): number {
  return 100 * waitMs;
}

function untilAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
