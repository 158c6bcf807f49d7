import { type Call, ConfigError } from "@runsheet/runsheet";
import type { Codec, Engine, Runner } from "@runsheet/runsheet/durable";
import { Inbox, YEAR_MS } from "./inbox.ts";
import type { WorkflowStep } from "./platform.ts";
import { nameOf, record } from "./record.ts";

/** A call, a sleep or an event that the run has asked for. */
interface Pending {
  /** Begins the call; removed once it has begun. */
  begin?: (() => void) | undefined;
  readonly isCall?: true;
  /** The length of a sleep. */
  readonly ms?: number;
  /** When the sleep is over, in milliseconds since the epoch: recorded before it begins. */
  until?: number;
  /** The name of an event. */
  readonly event?: string;
}

/** One step of the platform, which records the next answer to the run. */
interface Row {
  /** The ids of what has completed, with the texts of calls and events. */
  readonly outs?: readonly (readonly [id: string, text?: string])[];
  /** The ends of the sleeps that begin, in milliseconds since the epoch. */
  readonly untils?: Readonly<Record<string, number>>;
  /** The reason of a cancellation. */
  readonly cancel?: string;
}

/** A run and its limits. */
export interface RowsOptions {
  readonly runId: string;
  /** How many steps the instance may have. */
  readonly steps: number;
}

/** Sleeps up to this length use a timer, even if nothing else is in progress. */
const SHORT_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The length of the texts in one row, which must fit into the platform's memory. */
const BATCH_LENGTH = 1_000_000;
/** The steps reserved for each undo: for itself, and for another attempt after a wait. */
const STEPS_OF_UNDO = 2;
/** The steps reserved for calls that are in flight when no more begin. */
const STEPS_AT_END = 10;

/**
 * One run on Cloudflare Workflows. A step of the platform records what completed next, and is named
 * after a call that was in flight. So the record includes what a timeout, an event or a
 * cancellation decided, and a replay asks for nothing new before it reaches the end of the record.
 */
export class Rows implements Engine<Pending> {
  readonly name: string;
  readonly lateMs: number;
  readonly signal: AbortSignal;
  readonly #step: WorkflowStep;
  readonly #runner: Runner<never, unknown>;
  readonly #codec: Codec;
  readonly #options: RowsOptions;
  readonly #inbox: Inbox;
  readonly #cancel = new AbortController();
  /** The texts of completed calls, by id. */
  readonly #done = new Map<string, string>();
  /** The sleeps of the platform that have begun in this process. */
  readonly #sleeping = new Set<string>();
  #wake = () => {};
  /** The step that begins the run, and the rows. */
  #rows = 1;
  /** The number of undos that may become due. */
  #undos = 0;
  #isLive = false;

  constructor(step: WorkflowStep, runner: Runner<never, unknown>, options: RowsOptions) {
    this.name = runner.name;
    this.lateMs = runner.options.lateMs;
    this.signal = this.#cancel.signal;
    this.#step = step;
    this.#runner = runner;
    this.#codec = runner.codec;
    this.#options = options;
    this.#inbox = new Inbox(step, runner.codec, () => this.#wake());
  }

  call({ id, kind, path, attempt }: Call, make: () => Promise<string>): Pending {
    if (kind === "attempt") this.#undos += this.#undosOf(path);
    else if (kind === "undo" && attempt === 1) this.#undos--;
    const begin = async () => {
      this.#done.set(id, await make());
      this.#wake();
    };
    return { begin, isCall: true };
  }

  sleep(_id: string, ms: number): Pending {
    return { ms };
  }

  event(_id: string, event: string): Pending {
    this.#inbox.listen(event);
    return { event };
  }

  async next(pending: ReadonlyMap<string, Pending>): Promise<(readonly [string, unknown])[]> {
    for (;;) {
      await this.#untilRow(pending);
      const { outs = [], untils = {}, cancel } = await this.#row(pending);
      for (const [id, until] of Object.entries(untils)) pending.get(id)!.until = until;
      if (cancel !== undefined) {
        this.#cancel.abort(this.#codec.decode(cancel));
        return [];
      }
      if (outs.length > 0) return outs.map(([id, text]) => [id, this.#outOf(id, pending, text)]);
    }
  }

  /** Lets waits pass outside of a step, as a step in progress keeps the instance in memory. */
  async #untilRow(pending: ReadonlyMap<string, Pending>): Promise<void> {
    const waits = [...pending.values()];
    if (waits.some(({ isCall, ms, until }) => isCall || ms !== undefined && !until)) return;
    while (!this.#find(pending)) {
      if (this.#inbox.failure) throw this.#inbox.failure.reason;
      await this.#change(pending, SHORT_MS);
    }
  }

  async #row(pending: ReadonlyMap<string, Pending>): Promise<Row> {
    const calls = [...pending].filter(([, { isCall }]) => isCall).map(([id]) => id);
    const [first] = calls.length > 0 ? calls : pending.keys();
    const name = calls.length > 1 ? `${first} and ${calls.length - 1} more` : first!;
    this.#rows++;
    let row: Promise<Row> | undefined;
    const wasLive = this.#isLive;
    let isNew = false;
    // The platform may call the function again; a second wait would take the wake-up of the first.
    const recorded = await record<Row>(this.#step, name, () => {
      isNew = this.#isLive = true;
      return row ??= this.#await(pending);
    });
    const outs = recorded.outs ?? [];
    if (wasLive && !isNew || outs.some(([id]) => !pending.has(id))) {
      const constraint = "its pipeline must be the one that began it";
      throw this.#runner.refusal(this.#options.runId, `${constraint}: ${name}`);
    }
    return recorded;
  }

  /** Called at the end of the record, where calls and sleeps begin. */
  async #await(pending: ReadonlyMap<string, Pending>): Promise<Row> {
    const full = this.#refusal();
    if (full) return { cancel: this.#codec.encode(full) };
    const untils = [...pending].flatMap(([id, { ms, until }]) =>
      ms === undefined || until !== undefined ? [] : [[id, Date.now() + ms] as const]
    );
    if (untils.length > 0) return { untils: Object.fromEntries(untils) };
    for (const asked of pending.values()) {
      asked.begin?.();
      asked.begin = undefined;
    }
    for (;;) {
      const row = this.#find(pending);
      if (row) return row;
      await this.#change(pending, LONGEST_TIMER_MS);
    }
  }

  /** Returns the next row, if anything has completed by now. */
  #find(pending: ReadonlyMap<string, Pending>): Row | undefined {
    const cancel = this.#inbox.cancellation;
    if (cancel !== undefined && !this.signal.aborted) return { cancel };
    const outs: [string, string][] = [];
    let length = 0;
    for (const [id, text] of this.#done) {
      if (!pending.has(id) || outs.length > 0 && length + text.length > BATCH_LENGTH) continue;
      length += text.length;
      outs.push([id, text]);
    }
    if (outs.length > 0) return { outs };
    // One wait at a time, as its outcome may end the others.
    for (const [id, { event, until = Infinity }] of pending) {
      const text = event === undefined ? undefined : this.#inbox.peek(event);
      if (text !== undefined) return { outs: [[id, text]] };
      if (until <= Date.now()) return { outs: [[id]] };
    }
  }

  /** Resolves when there may be something to find. */
  #change(pending: ReadonlyMap<string, Pending>, longestTimerMs: number): Promise<void> {
    const [id = "", { until = Infinity } = {}] = [...pending]
      .reduce((one, other) =>
        (one[1].until ?? Infinity) <= (other[1].until ?? Infinity) ? one : other
      );
    const ms = Math.max(until - Date.now(), 0);
    return new Promise((resolve) => {
      const isShort = ms <= longestTimerMs;
      const timer = isShort ? setTimeout(resolve, ms) : undefined;
      if (!isShort && ms < Infinity) this.#sleep(id, until);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #sleep(id: string, until: number): Promise<void> {
    if (this.#sleeping.has(id)) return;
    this.#sleeping.add(id);
    try {
      const ms = Math.min(Math.max(until - Date.now(), 1), YEAR_MS);
      await this.#step.sleep(nameOf(id), ms);
    } catch (reason) {
      this.#inbox.failure ??= { reason };
    }
    this.#sleeping.delete(id);
    this.#wake();
  }

  #outOf(id: string, pending: ReadonlyMap<string, Pending>, text = ""): unknown {
    const { event, isCall } = pending.get(id)!;
    this.#done.delete(id);
    if (isCall) {
      this.#undos += deferredIn(text);
      return text;
    }
    if (event === undefined) return undefined;
    this.#inbox.take(event);
    return this.#codec.decode(text);
  }

  /** The number of undos that an attempt may need, apart from those that it defers. */
  #undosOf(path: string): number {
    const plain = path.replaceAll(/\[\d+\]/g, "");
    return this.#runner.start.shape.find((part) => part.path === plain)?.undos.length ?? 0;
  }

  /** The error of a run that needs the remaining steps for its undos. */
  #refusal(): Error | undefined {
    const { steps } = this.#options;
    const kept = STEPS_OF_UNDO * this.#undos + STEPS_AT_END;
    const used = this.#rows + this.#inbox.steps;
    if (this.signal.aborted || used + kept < steps) return undefined;
    return new ConfigError(
      `Cannot continue '${this.name}' as the steps that are left must be enough for its undos: ${used} of ${steps} are used`,
    );
  }
}

/** The number of undos that an attempt has deferred, read from its encoded outcome. */
function deferredIn(text: string): number {
  if (!text.includes('"deferred"')) return 0;
  const { deferred }: { deferred?: unknown } = JSON.parse(text);
  return Array.isArray(deferred) ? deferred.length : 0;
}
