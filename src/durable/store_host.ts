import type { Call, DurableHost, Host, Outcome } from "../api/host.ts";
import { MAX_TIMER_MS } from "../api/policy.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { parseId, withoutIndexes } from "../run/paths.ts";
import { cast } from "../values/cast.ts";
import { messageOf } from "../values/message.ts";
import type { Codec } from "./codec.ts";
import type { LogEntry, RunLog, RunStart } from "./run_log.ts";

/** All that the run can do is wait, so it is parked until something is due. */
export class Suspended extends Error {
  /** The error's name. */
  override readonly name = "Suspended";
  /** When the first wait is over, in milliseconds since the epoch; `Infinity` for an event. */
  readonly until: number;
  constructor(until: number) {
    super("suspended");
    this.until = until;
  }
}

/** The pipeline asks for other calls than the one that was recorded. */
export class Changed extends Error {
  /** The error's name. */
  override readonly name = "Changed";
}

/** Something that the run waits for. */
interface Asked {
  readonly id: string;
  /** Starts it where the record ends. */
  readonly start: () => void;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
  isStarted: boolean;
  /** Whether its outcome is being recorded. */
  isOut: boolean;
  /** For a wait: when it is over. For an event: its name. */
  until?: number;
  event?: string;
}

interface Out {
  readonly id: string;
  readonly outcome: Outcome;
}

const CANCEL = "!cancel";
/** Waits that are not longer keep the run in this process. */
const HOLD_MS = 1_000;

// The run goes on by microtasks alone, so after a turn of the event loop it has gone as far as it
// can.
const { setImmediate = (next: () => void) => void setTimeout(next, 0) } = cast<{
  setImmediate?: (next: () => void) => unknown;
}>(globalThis);

/**
 * Records a run in its log, and answers from it. Whatever came out is given to the run one after
 * the other, each when the run can do nothing more without it, and in the order of the log. A
 * replay therefore takes the same way to the end of the log; only then does it call anything.
 */
export class StoreHost implements Host {
  readonly durable: DurableHost;
  readonly #log: RunLog;
  readonly #codec: Codec;
  readonly #asked = new Map<string, Asked>();
  /** The ids of waits that the run has ended by itself. */
  readonly #withdrawn = new Set<string>();
  readonly #outs: Out[] = [];
  readonly #untils = new Map<string, number>();
  readonly #inbox = new Map<string, unknown[]>();
  readonly #cancel = new AbortController();
  #delivered = 0;
  #running = 0;
  #writing = 0;
  #outside = 0;
  #isScheduled = false;
  #isCancelTaken = false;
  #cancelReason: { readonly reason: unknown } | undefined;
  #ended: { readonly reason: unknown } | undefined;
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
      this.#schedule();
    };
  }

  perform(call: Call, fn: () => Promise<Outcome>): Promise<Outcome> {
    return this.#ask(call.id, () => this.#call(call, fn));
  }

  async sleep({ id }: { readonly id: string }, ms: number, signal?: AbortSignal): Promise<void> {
    await this.#askUntil(signal, id, (asked) => this.#wait(asked, ms));
  }

  async event(id: string, name: string, signal?: AbortSignal): Promise<unknown> {
    const outcome = await this.#askUntil(signal, id, () => {}, name);
    return outcome.ok ? outcome.value : undefined;
  }

  outside(change: 1 | -1): void {
    this.#outside += change;
    if (this.#outside === 0) this.#schedule();
  }

  /** Stops: nothing is called or recorded any more. */
  end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = { reason };
    this.#log.onForeign = undefined;
    clearTimeout(this.#timer);
    for (const { reject } of this.#asked.values()) reject(reason);
  }

  #note(entry: LogEntry): void {
    switch (entry.kind) {
      case "out":
        this.#outs.push(entry);
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

  #ask(id: string, start: (asked: Asked) => void, event?: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended.reason);
      const asked: Asked = {
        id,
        start: () => start(asked),
        resolve,
        reject,
        isStarted: false,
        isOut: false,
        ...(event !== undefined && { event }),
      };
      this.#asked.set(id, asked);
      this.#schedule();
    });
  }

  /** Asks for a wait that the run may end by itself. */
  async #askUntil(
    signal: AbortSignal | undefined,
    id: string,
    start: (asked: Asked) => void,
    event?: string,
  ): Promise<Outcome> {
    const withdraw = () => {
      this.#withdrawn.add(id);
      this.#asked.get(id)?.resolve({ ok: true, value: undefined });
      this.#asked.delete(id);
    };
    signal?.addEventListener("abort", withdraw);
    try {
      return await this.#ask(id, start, event);
    } finally {
      signal?.removeEventListener("abort", withdraw);
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#ended) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#ended && this.#outside === 0) this.#proceed();
    });
  }

  /** Called when the run can do nothing more by itself. */
  #proceed(): void {
    const out = this.#outs[this.#delivered];
    if (out) {
      this.#delivered++;
      return this.#deliver(out);
    }
    if (this.#cancelReason && !this.#isCancelTaken) {
      this.#isCancelTaken = true;
      this.#record(CANCEL, { ok: true, value: this.#cancelReason.reason });
    }
    const waiting = [...this.#asked.values()].filter(({ isStarted }) => !isStarted);
    // By id, so that the order does not depend on which branch came here first.
    for (const asked of waiting.sort(compareIds)) {
      asked.isStarted = true;
      asked.start();
    }
    this.#takeEvents();
    this.#park();
  }

  #deliver({ id, outcome }: Out): void {
    this.#schedule();
    if (id === CANCEL) return this.#cancel.abort(outcome.ok ? outcome.value : outcome.error);
    const asked = this.#asked.get(id);
    if (!asked) {
      if (this.#withdrawn.has(id)) return;
      return this.end(this.#changed(id));
    }
    this.#asked.delete(id);
    if (asked.event !== undefined && !asked.isOut) this.#inbox.get(asked.event)?.shift();
    asked.resolve(outcome);
  }

  /** What was recorded is not asked for. */
  #changed(id: string): Changed {
    const action = `Cannot resume run '${this.#log.runId}' as`;
    const began = new Set(this.#start.shape.map(({ path }) => path));
    const added = [...this.#asked.keys()].map((asked) => withoutIndexes(parseId(asked)?.path ?? ""))
      .find((path) => path !== "" && !began.has(path));
    if (added !== undefined) {
      const constraint = "no step must be added before the place that it has reached";
      return new Changed(`${action} ${constraint}: '${added}' was`);
    }
    const constraint = "its pipeline must be the one that began it";
    const problem = `it asks for nothing that is called '${id}', which was recorded`;
    return new Changed(`${action} ${constraint}: ${problem}`);
  }

  get #start(): RunStart {
    return this.#log.entries.find((entry) => entry.kind === "start")!.start;
  }

  async #call({ id, kind, path }: Call, fn: () => Promise<Outcome>): Promise<void> {
    this.#running++;
    const outcome = await fn();
    const subject = kind === "args"
      ? `the args of '${path || this.#start.pipeline}' as they`
      : kind === "collection"
      ? `the items of '${path}' as they`
      : `'${path}' as ${outcome.ok ? "what it returns" : "its late outcome"}`;
    this.#record(id, outcome, subject);
    this.#running--;
  }

  #wait(asked: Asked, ms: number): void {
    asked.until = this.#untils.get(asked.id) ?? Date.now() + ms;
    if (this.#untils.has(asked.id)) return;
    this.#untils.set(asked.id, asked.until);
    this.#append({ kind: "wait", id: asked.id, until: asked.until }, () => {});
  }

  /** Records what came out, to be delivered in its turn. */
  #record(id: string, outcome: Outcome, subject = `'${id}' as it`): void {
    const { recorded, given } = recordable(this.#codec, subject, outcome);
    this.#append(
      { kind: "out", id, outcome: recorded },
      () => this.#outs.push({ id, outcome: given }),
    );
  }

  #append(entry: LogEntry, then: () => void): void {
    if (this.#ended) return;
    this.#writing++;
    this.#log.append(entry).then(() => {
      this.#writing--;
      then();
      this.#schedule();
    }, (reason) => this.end(reason));
  }

  #takeEvents(): void {
    for (const asked of this.#asked.values()) {
      const inbox = asked.event === undefined ? undefined : this.#inbox.get(asked.event);
      if (!inbox?.length || asked.isOut) continue;
      asked.isOut = true;
      this.#record(asked.id, { ok: true, value: inbox.shift() });
    }
  }

  /** Waits for the first wait that is over, or suspends the run until then. */
  #park(): void {
    if (this.#writing > 0 || this.#asked.size === 0) return;
    const waits = [...this.#asked.values()].filter(({ until, isOut }) => until && !isOut);
    const until = Math.min(...waits.map(({ until }) => until!), Infinity);
    const ms = until - Date.now();
    if (ms > 0) {
      if (ms > HOLD_MS && this.#running === 0) return this.end(new Suspended(until));
      clearTimeout(this.#timer);
      // Calls are in flight, or the wait is short.
      if (waits.length > 0) {
        this.#timer = setTimeout(() => this.#schedule(), Math.min(ms, MAX_TIMER_MS));
      }
      return;
    }
    for (const wait of waits.filter((wait) => wait.until! <= Date.now())) {
      wait.isOut = true;
      this.#record(wait.id, { ok: true, value: undefined });
    }
  }
}

function compareIds(one: Asked, other: Asked): number {
  return one.id.localeCompare(other.id, "en", { numeric: true });
}

/**
 * An outcome as it is recorded, and as the run is given it. What cannot be recorded fails its
 * attempt; the run still gets the value, so that it is undone.
 */
function recordable(
  codec: Codec,
  subject: string,
  outcome: Outcome,
): { readonly recorded: Outcome; readonly given: Outcome } {
  try {
    return { recorded: outcome, given: cast(codec.decode(codec.encode(outcome))) };
  } catch (thrown) {
    const { ok, deferred } = outcome;
    const text = `Cannot record ${subject} ${messageOf(toError(thrown)).full}`;
    const error = ok ? new ConfigError(text) : outcome.error;
    const recorded: Outcome = { ok: false, error, permanent: true, deferred };
    return { recorded, given: ok ? { ...recorded, value: outcome.value } : outcome };
  }
}
