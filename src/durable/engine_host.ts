import type { Call, DurableHost, Host, Outcome } from "../api/host.ts";
import { cast } from "../values/cast.ts";
import type { Codec } from "./codec.ts";
import { recordable, subjectOf } from "./recordable.ts";
import { Turns } from "./turns.ts";

/**
 * A durable engine, as `engineHost` uses it: it records outcomes, and replays them in the same
 * order after a crash.
 */
export interface Engine<Pending> {
  /** The name of the pipeline that is run, for messages. */
  readonly name: string;
  /**
   * How long to wait for an abandoned attempt, in milliseconds, so that nothing lands after the run
   * has ended.
   */
  readonly lateMs: number;
  /** Cancels the run, which is then rolled back. It may abort only while `next` is awaited. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes a call and records its outcome, or takes the outcome from the record. A call without a
   * recorded outcome must not be made while `next` still has recorded outcomes to return: one of
   * them may end the run, as a timeout does.
   *
   * @param call A description of the call.
   * @param make Makes the call; never rejects, and resolves with the text to record.
   * @returns The engine's promise of that text.
   */
  call(call: Call, make: (signal?: AbortSignal) => Promise<string>): Pending;
  /**
   * Begins a wait, or resumes it.
   *
   * @param id The wait's id.
   * @param ms The duration in milliseconds.
   */
  sleep(id: string, ms: number): Pending;
  /**
   * Begins to wait for an event from outside, or resumes the wait.
   *
   * @param id The wait's id.
   * @param name The event's name.
   * @returns The engine's promise of the event's data.
   */
  event(id: string, name: string): Pending;
  /**
   * Waits for the next outcome, or for several in their order. It is called when the run can do
   * nothing more by itself, and not again until it has resolved and everything it returned has
   * been delivered. It resolves with nothing after `signal` has aborted. A rejection is the
   * engine's own signal: it ends the run here without a rollback.
   *
   * @param pending Everything that has begun and has no delivered outcome, by id, in the order in
   * which it began.
   * @returns The outcomes by id: the text of a call, the data of an event.
   */
  next(
    pending: ReadonlyMap<string, Pending>,
  ): Promise<Iterable<readonly [id: string, out: unknown]>>;
}

/**
 * Makes the host of one run for a durable engine. It begins calls and waits only when the run can
 * do nothing more by itself, in the order of their ids, and delivers outcomes one at a time. So a
 * replay takes the same course, even on an engine that identifies calls only by their order.
 *
 * @param engine The engine.
 * @param codec Encodes the outcomes.
 * @returns The host, for `run(args, { runId, host })`.
 */
export function engineHost<Pending>(engine: Engine<Pending>, codec: Codec): Host {
  return new EngineHost(engine, codec);
}

class EngineHost<Pending> implements Host {
  readonly durable: DurableHost;
  readonly #engine: Engine<Pending>;
  readonly #codec: Codec;
  readonly #turns = new Turns(() => this.#proceed());
  readonly #pending = new Map<string, Pending>();
  /** Outcomes that could not be recorded, so that only this process knows them. */
  readonly #unrecorded = new Map<string, Outcome>();
  #isWaiting = false;

  constructor(engine: Engine<Pending>, codec: Codec) {
    const { lateMs, signal } = engine;
    this.#engine = engine;
    this.#codec = codec;
    this.durable = { lateMs, signal, check: (data) => void codec.encode(data) };
  }

  async perform(call: Call, fn: (signal?: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    const { id } = call;
    const make = async (signal?: AbortSignal) => {
      const outcome = await fn(signal);
      const subject = subjectOf(call, this.#engine.name, outcome.ok);
      const { recorded, given } = recordable(this.#codec, subject, outcome);
      if (recorded !== outcome) this.#unrecorded.set(id, given);
      return this.#codec.encode(recorded);
    };
    const out = await this.#ask(id, () => this.#engine.call(call, make));
    return this.#unrecorded.get(id) ?? cast(this.#codec.decode(cast(out)));
  }

  async sleep({ id }: { readonly id: string }, ms: number, signal?: AbortSignal): Promise<void> {
    await this.#ask(id, () => this.#engine.sleep(id, ms), signal);
  }

  event(id: string, name: string, signal?: AbortSignal): Promise<unknown> {
    return this.#ask(id, () => this.#engine.event(id, name), signal);
  }

  outside(change: 1 | -1): void {
    this.#turns.outside(change);
  }

  async #ask(id: string, begin: () => Pending, signal?: AbortSignal): Promise<unknown> {
    const start = () => void this.#pending.set(id, begin());
    const withdraw = () => void this.#pending.delete(id);
    const outcome = await this.#turns.ask(id, start, { signal, withdraw });
    return outcome.ok ? outcome.value : undefined;
  }

  async #proceed(): Promise<void> {
    try {
      this.#turns.start();
      if (this.#isWaiting || this.#pending.size === 0) return;
      this.#isWaiting = true;
      const outs = await this.#engine.next(this.#pending);
      this.#isWaiting = false;
      for (const [id, value] of outs) {
        this.#turns.queue(() => {
          this.#pending.delete(id);
          this.#turns.answer(id, { ok: true, value });
        });
      }
      this.#turns.schedule();
    } catch (reason) {
      this.#turns.end(reason);
    }
  }
}
