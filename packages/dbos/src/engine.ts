import { AsyncResource } from "node:async_hooks";
import { DBOS, Error as DBOSErrors } from "@dbos-inc/dbos-sdk";
import type { Engine, Runner } from "@runsheet/runsheet/durable";
import { isMessage, shown, TOPIC } from "./message.ts";
import { MAX_BYTES, storable } from "./storable.ts";

/** Something that a run waits for. */
type Pending =
  | { readonly kind: "call"; readonly begin: () => void; hasBegun: boolean }
  /** `until` is in milliseconds since the epoch. */
  | { readonly kind: "wait"; readonly ms: number; until?: number }
  | { readonly kind: "event"; readonly name: string };

type AllPending = ReadonlyMap<string, Pending>;

/** A completed call with its text, or a wait that is over. */
type Out = readonly [id: string, text: string | null];

/** Stands in for a call when it is time to look for messages. */
const LOOK = "!look";
/** The time until the first look for messages while calls are in flight; it doubles each time. */
const FIRST_LOOK_MS = 1_000;
const MOST_LOOK_MS = 30_000;
/** Waits up to this length use a timer. */
const SHORT_MS = 1_000;
/** Stands for no limit, as DBOS has no unlimited waits. */
const CENTURY_S = 3_155_760_000;

/**
 * One run on DBOS, whose journal is positional: a repeated workflow must ask for the same
 * operations in the same order. So a step of DBOS is not a call, but records which of the calls in
 * flight completed first. No branch waits for another, and the order of their completion is
 * recorded, too.
 */
export class DbosEngine implements Engine<Pending> {
  readonly name: string;
  readonly lateMs: number;
  readonly signal: AbortSignal;
  readonly #runner: Runner<never, unknown>;
  readonly #runId: string;
  readonly #cancel = new AbortController();
  /** DBOS identifies a workflow by its asynchronous context. */
  readonly #workflow = new AsyncResource("runsheet");
  readonly #outs: Out[] = [];
  readonly #inbox = new Map<string, unknown[]>();
  #wake = () => {};
  #lookMs = FIRST_LOOK_MS;
  #lookAt = Date.now() + FIRST_LOOK_MS;

  constructor(runner: Runner<never, unknown>, runId: string) {
    this.name = runner.name;
    this.lateMs = runner.options.lateMs;
    this.signal = this.#cancel.signal;
    this.#runner = runner;
    this.#runId = runId;
  }

  call({ id }: { readonly id: string }, make: () => Promise<string>): Pending {
    const begin = async () => {
      const text = await make();
      this.#outs.push([id, text]);
      this.#wake();
    };
    return { kind: "call", begin, hasBegun: false };
  }

  sleep(_id: string, ms: number): Pending {
    return { kind: "wait", ms };
  }

  event(_id: string, name: string): Pending {
    return { kind: "event", name };
  }

  async next(pending: AllPending): Promise<readonly (readonly [id: string, out: unknown])[]> {
    try {
      return await this.#workflow.runInAsyncScope(() => this.#next(pending));
    } catch (thrown) {
      const error = thrown as Error;
      if (DBOSErrors.getDBOSErrorCode(error) !== DBOSErrors.UnexpectedStep) throw thrown;
      const { expectedName } = error as InstanceType<typeof DBOSErrors.DBOSUnexpectedStepError>;
      throw this.#changed(`it asks for '${expectedName}' where something else was recorded`);
    }
  }

  async #next(pending: AllPending) {
    const events = this.#takeEvents(pending);
    if (events.length > 0) return events;
    await this.#beginWaits(pending);
    const isShort = [...pending.values()]
      .some((one) => one.kind === "call" || one.kind === "wait" && one.ms <= SHORT_MS);
    return isShort ? await this.#first(pending) : await this.#message(pending);
  }

  /** Takes messages that arrived before the run asked for them. */
  #takeEvents(pending: AllPending) {
    return [...pending].flatMap(([id, one]) => {
      const data = one.kind === "event" ? this.#inbox.get(one.name) : undefined;
      return data?.length ? [[id, data.shift()] as const] : [];
    });
  }

  async #beginWaits(pending: AllPending): Promise<void> {
    const waits = waitsOf(pending).filter(([, { until }]) => until === undefined);
    if (waits.length === 0) return;
    const now = await DBOS.now();
    for (const [, wait] of waits) wait.until = now + wait.ms;
  }

  /** Waits in the database for a message or the next end of a wait, as no call is in flight. */
  async #message(pending: AllPending): Promise<readonly Out[]> {
    const until = Math.min(...waitsOf(pending).map(([, { until }]) => until!));
    const message = await DBOS.recv(
      TOPIC,
      until < Infinity ? { deadlineEpochMS: until } : { timeoutSeconds: CENTURY_S },
    );
    if (message !== null) this.#read(message);
    // Somebody may have sent a message that is null.
    if (message !== null || until === Infinity) return [];
    return await this.#record(pending, () => Promise.resolve(dueIn(pending, Date.now())));
  }

  /** Returns the calls and waits that complete first. */
  async #first(pending: AllPending): Promise<readonly Out[]> {
    const outs = await this.#record(pending, () => this.#await(pending));
    if (outs[0]?.[0] !== LOOK) return outs;
    for (let one; (one = await DBOS.recv(TOPIC, 0)) !== null;) this.#read(one);
    return [];
  }

  /** Records what has completed, or takes it from the record. */
  async #record(
    pending: AllPending,
    complete: () => Promise<readonly Out[]>,
  ): Promise<readonly Out[]> {
    const [first] = pending.keys();
    const name = pending.size === 1 ? first! : `${first} +${pending.size - 1}`;
    const outs = await DBOS.runStep(complete, { name: storable(name) });
    const unknown = outs.find(([id]) => id !== LOOK && !pending.has(id));
    if (!unknown) return outs;
    throw this.#changed(`it asks for nothing that is called '${unknown[0]}', which was recorded`);
  }

  async #await(pending: AllPending): Promise<readonly Out[]> {
    for (const one of pending.values()) {
      if (one.kind !== "call" || one.hasBegun) continue;
      one.hasBegun = true;
      one.begin();
    }
    for (;;) {
      const now = Date.now();
      if (now >= this.#lookAt) {
        this.#lookMs = Math.min(2 * this.#lookMs, MOST_LOOK_MS);
        this.#lookAt = now + this.#lookMs;
        return [[LOOK, null]];
      }
      const outs = [...this.#takeOuts(), ...dueIn(pending, now)];
      if (outs.length > 0) return outs;
      const until = Math.min(this.#lookAt, ...waitsOf(pending).map(([, { until }]) => until!));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - now);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Takes the completed calls, or as many as fit in one record. */
  #takeOuts(): readonly Out[] {
    let length = 0;
    const end = this.#outs.findIndex(([, text]) => (length += text!.length) > MAX_BYTES);
    return this.#outs.splice(0, end < 0 ? Infinity : Math.max(end, 1));
  }

  #changed(problem: string): Error {
    const constraint = "its pipeline must be the one that began it";
    return this.#runner.refusal(this.#runId, `${constraint}: ${problem}`);
  }

  #read(received: unknown): void {
    const message = typeof received === "string" ? this.#decoded(received) : received;
    if (!isMessage(message)) {
      return DBOS.logger.warn(
        `Cannot take a message to run '${this.#runId}' as it must be { event, data } or ` +
          `{ cancel }: current value is ${shown(received)}`,
      );
    }
    if ("cancel" in message) return this.#cancel.abort(message.cancel);
    const { event, data } = message;
    this.#inbox.set(event, [...this.#inbox.get(event) ?? [], data]);
  }

  #decoded(text: string): unknown {
    try {
      return this.#runner.codec.decode(text);
    } catch {
      return undefined;
    }
  }
}

function waitsOf(pending: AllPending) {
  return [...pending].flatMap(([id, one]) => one.kind === "wait" ? [[id, one] as const] : []);
}

function dueIn(pending: AllPending, now: number): readonly Out[] {
  return waitsOf(pending).filter(([, { until }]) => until! <= now).map(([id]) => [id, null]);
}
