import type { Call, DurableHost, Host, Outcome } from "../api/host.ts";
import { MAX_TIMER_MS } from "../api/policy.ts";
import { parseId, recordId, withoutIndexes } from "../run/paths.ts";
import type { Codec } from "./codec.ts";
import { recordable, subjectOf } from "./recordable.ts";
import type { LogEntry, LogStart, RunLog } from "./run_log.ts";
import { Turns } from "./turns.ts";

/** Thrown if the run can only wait; it is parked until something is due. */
export class Suspended extends Error {
  /** The error's name. */
  override readonly name = "Suspended";
  /** When the first wait is over, in milliseconds since the epoch; `Infinity` for an event. */
  readonly until: number;
  /** How many entries of the log the run knew then. */
  readonly seen: number;
  constructor(until: number, seen: number) {
    super("parked until something is due");
    this.until = until;
    this.seen = seen;
  }
}

/** Thrown if the pipeline asks for other calls than those that were recorded. */
export class Changed extends Error {
  /** The error's name. */
  override readonly name = "Changed";
}

/** A wait that the run has asked for. */
interface Wait {
  readonly id: string;
  /** The name of the event; absent for a sleep. */
  readonly event?: string;
  /** When a sleep is over, once it has begun. */
  until?: number;
  /** Whether its outcome is being recorded. */
  isOut: boolean;
}

interface Out {
  readonly id: string;
  readonly outcome: Outcome;
}

const CANCEL = "!cancel";
/** The validation of the run's args, which comes before everything else. */
const ARGS = recordId("", "args");
/** Waits up to this length keep the run in this process. */
const HOLD_MS = 1_000;

/**
 * Records a run in its log, and answers from it. The run receives outcomes in the order of the log.
 * A replay therefore takes the same course until the end of the log; only then does it call
 * anything.
 */
export class StoreHost implements Host {
  readonly durable: DurableHost & { isReplaying?: boolean };
  readonly #log: RunLog;
  readonly #codec: Codec;
  readonly #turns = new Turns(() => this.#proceed());
  readonly #waits = new Map<string, Wait>();
  /** The waits that the run has ended by itself. */
  readonly #withdrawn = new Map<string, Wait>();
  readonly #untils = new Map<string, number>();
  readonly #inbox = new Map<string, unknown[]>();
  readonly #cancel = new AbortController();
  #running = 0;
  #writing = 0;
  #isCancelTaken = false;
  #cancelReason: { readonly reason: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(log: RunLog, codec: Codec, lateMs: number) {
    this.#log = log;
    this.#codec = codec;
    this.durable = {
      lateMs,
      signal: this.#cancel.signal,
      check: (data) => void codec.encode(data),
    };
    for (const entry of log.entries) this.#note(entry);
    log.onForeign = (entry) => {
      this.#note(entry);
      this.#turns.schedule();
    };
  }

  perform(call: Call, fn: () => Promise<Outcome>): Promise<Outcome> {
    return this.#turns.ask(call.id, () => void this.#call(call, fn));
  }

  async sleep({ id }: { readonly id: string }, ms: number, signal?: AbortSignal): Promise<void> {
    const wait: Wait = { id, isOut: false };
    await this.#wait(wait, () => this.#begin(wait, ms), signal);
  }

  async event(id: string, name: string, signal?: AbortSignal): Promise<unknown> {
    const outcome = await this.#wait({ id, event: name, isOut: false }, () => {}, signal);
    return outcome.ok ? outcome.value : undefined;
  }

  outside(change: 1 | -1): void {
    this.#turns.outside(change);
  }

  /** Stops: from now on, nothing is called or recorded. */
  end(reason: unknown): void {
    if (!this.#turns.end(reason)) return;
    this.#log.onForeign = undefined;
    clearTimeout(this.#timer);
  }

  #note(entry: LogEntry): void {
    switch (entry.kind) {
      case "out":
        this.#turns.queue(() => this.#deliver(entry, true));
        if (entry.id === CANCEL) this.#isCancelTaken = true;
        break;
      case "wait":
        this.#untils.set(entry.id, entry.until);
        break;
      case "event":
        this.#inbox.set(entry.name, [...this.#inbox.get(entry.name) ?? [], entry.data]);
        break;
      case "cancel":
        this.#cancelReason ??= { reason: entry.reason };
        break;
    }
  }

  #wait(wait: Wait, start: () => void, signal: AbortSignal | undefined): Promise<Outcome> {
    this.#waits.set(wait.id, wait);
    const withdraw = () => {
      this.#waits.delete(wait.id);
      this.#withdrawn.set(wait.id, wait);
    };
    return this.#turns.ask(wait.id, start, { signal, withdraw });
  }

  /** Called when the run can do nothing more by itself. */
  #proceed(): void {
    if (this.#cancelReason && !this.#isCancelTaken) {
      this.#isCancelTaken = true;
      // Nothing else starts until it has been delivered.
      return this.#record(CANCEL, { ok: true, value: this.#cancelReason.reason });
    }
    this.#turns.start();
    this.#takeEvents();
    this.#park();
  }

  #deliver({ id, outcome }: Out, isReplaying = false): void {
    this.durable.isReplaying = isReplaying;
    if (id === CANCEL) return this.#cancel.abort(outcome.ok ? outcome.value : outcome.error);
    const wait = this.#waits.get(id);
    this.#waits.delete(id);
    if (wait?.event !== undefined && !wait.isOut) this.#inbox.get(wait.event)?.shift();
    if (this.#turns.answer(id, outcome)) return;
    const withdrawn = this.#withdrawn.get(id);
    if (!withdrawn) return this.end(this.#changed(id));
    // The withdrawn wait had taken an event, which another wait of that name may need.
    const { event, isOut } = withdrawn;
    if (event !== undefined && isOut && outcome.ok) this.#inbox.get(event)?.unshift(outcome.value);
  }

  /** The error of a recorded outcome that the pipeline does not ask for. */
  #changed(id: string): Changed {
    const action = `Cannot resume run '${this.#log.runId}' as`;
    const began = new Set(this.#start.shape.map(({ path }) => path));
    const added = [...this.#turns.asked.keys()].map((asked) =>
      withoutIndexes(parseId(asked)?.path ?? "")
    )
      .find((path) => path !== "" && !began.has(path));
    if (added !== undefined) {
      const constraint = "no step must be added before the place that it has reached";
      return new Changed(`${action} ${constraint}: '${added}' was`);
    }
    const isNew = this.#turns.asked.has(ARGS);
    if (isNew || id === ARGS) {
      const constraint = "its args must be validated as they were when it began";
      return new Changed(`${action} ${constraint}: 'argsSchema' is ${isNew ? "new" : "gone"}`);
    }
    const constraint = "its pipeline must be the one that began it";
    const problem = `it asks for nothing that is called '${id}', which was recorded`;
    return new Changed(`${action} ${constraint}: ${problem}`);
  }

  get #start(): LogStart {
    return this.#log.entries.find((entry) => entry.kind === "start")!.start;
  }

  async #call(call: Call, fn: () => Promise<Outcome>): Promise<void> {
    this.#running++;
    const outcome = await fn();
    this.#record(call.id, outcome, subjectOf(call, this.#start.pipeline, outcome.ok));
    this.#running--;
  }

  #begin(wait: Wait, ms: number): void {
    const { id } = wait;
    const known = this.#untils.get(id);
    const until = wait.until = known ?? Date.now() + ms;
    if (known !== undefined) return;
    this.#untils.set(id, until);
    this.#append({ kind: "wait", id, until }, () => {});
  }

  /** Records an outcome, to be delivered in its turn. */
  #record(id: string, outcome: Outcome, subject = `'${id}' as it`): void {
    const { recorded, given } = recordable(this.#codec, subject, outcome);
    this.#append(
      { kind: "out", id, outcome: recorded },
      () => this.#turns.queue(() => this.#deliver({ id, outcome: given })),
    );
  }

  #append(entry: LogEntry, then: () => void): void {
    if (this.#turns.isEnded) return;
    this.#writing++;
    this.#log.append(entry).then(() => {
      this.#writing--;
      then();
      this.#turns.schedule();
    }, (reason) => this.end(reason));
  }

  #takeEvents(): void {
    for (const wait of this.#waits.values()) {
      const inbox = wait.event === undefined ? undefined : this.#inbox.get(wait.event);
      if (!inbox?.length || wait.isOut) continue;
      wait.isOut = true;
      this.#record(wait.id, { ok: true, value: inbox.shift() });
    }
  }

  /** Records the waits that are over, or sets a timer for the first one, or suspends the run. */
  #park(): void {
    if (this.#writing > 0 || this.#turns.asked.size === 0) return;
    const waits = [...this.#waits.values()].filter(({ until, isOut }) => until && !isOut);
    const until = Math.min(...waits.map(({ until }) => until!), Infinity);
    const ms = until - Date.now();
    if (ms > 0) {
      if (ms > HOLD_MS && this.#running === 0) {
        return this.end(new Suspended(until, this.#log.entries.length));
      }
      clearTimeout(this.#timer);
      // Calls are in flight, or the wait is short.
      if (waits.length > 0) {
        this.#timer = setTimeout(() => this.#turns.schedule(), Math.min(ms, MAX_TIMER_MS));
      }
      return;
    }
    for (const wait of waits.filter((wait) => wait.until! <= Date.now())) {
      wait.isOut = true;
      this.#record(wait.id, { ok: true, value: undefined });
    }
  }
}
