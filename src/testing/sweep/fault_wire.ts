import type { Call } from "../../api/host.ts";
import type { Effect } from "./effect.ts";
import type { Fault } from "./faults.ts";
import type { Rest } from "./rest.ts";
import type { Request } from "./wire.ts";

/** The state of the run that a wire needs. */
export interface Traffic {
  /** The call whose code is running. */
  readonly owner: () => Call;
  /** Whether that is certain. */
  readonly isCertain: () => boolean;
  /** Called when the code of a call goes on with an answer that was held back, or with an error. */
  readonly goesOn: (call: Call) => void;
  /** Lets the other side act; from then on, this call's code runs. */
  readonly land: <T>({ effect, isCertain }: Sent, act: () => T) => T;
  /** Gives a call up. */
  readonly strike: (call: Call) => void;
  /** Makes the error of a fault. */
  readonly error: (call: Call) => Error;
}

/** A request on its way. */
export interface Sent extends Request {
  readonly effect: Effect;
  /** Whether its owner is certain. */
  readonly isCertain: boolean;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The microtasks that a request takes to arrive: more than any code between two requests takes
 * without a timer.
 */
const LATENCY = 50;

/** Lets the code that runs go on until it waits for an answer or a timer. */
export async function latency(): Promise<void> {
  for (let n = 0; n < LATENCY; n++) await undefined;
}

/**
 * The connection between the fakes and the other side in one run. Requests arrive in the order in
 * which they were sent, each after the effects of the previous one are complete. A request that is
 * given up on its way still arrives, after everything else, when it does the most harm.
 */
export class FaultWire {
  /** All requests, in order. */
  readonly effects: Effect[] = [];
  /** The paths of calls whose signal gave up the answer. */
  readonly unanswered: Set<string> = new Set<string>();
  /** The paths of calls that were given up before their effect happened. */
  readonly overtaken: Set<string> = new Set<string>();
  readonly #plan: ReadonlyMap<string, Fault>;
  readonly #traffic: Traffic;
  readonly #rest: Rest;
  readonly #counts = new Map<string, number>();
  readonly #onTheirWay = new Set<Effect>();
  readonly #held = new Set<Effect>();
  #line: Promise<void> = Promise.resolve();

  constructor(plan: ReadonlyMap<string, Fault>, traffic: Traffic, rest: Rest) {
    this.#plan = plan;
    this.#traffic = traffic;
    this.#rest = rest;
  }

  /** Whether a request is on its way and not held back. */
  get isBusy(): boolean {
    return this.#onTheirWay.size > 0;
  }

  /** Whether a call's request or its answer is held back. */
  holds({ id }: Call): boolean {
    return [...this.#held].some(({ call }) => call.id === id);
  }

  /** A request of a call that has not arrived yet. */
  onItsWay({ id }: Call): Effect | undefined {
    return [...this.#onTheirWay].find(({ call }) => call.id === id);
  }

  /**
   * Waits until the code that runs has sent its next request, has ended, or waits for a timer, so
   * that the next request comes from the code that runs next.
   */
  turn(): Promise<void> {
    return this.#line = this.#line.then(latency);
  }

  send(request: Request): Promise<unknown> {
    const { signal, what } = request;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const isCertain = this.#traffic.isCertain();
    const effect = this.#name(what);
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.unanswered.add(effect.call.path);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      const done = <T>(settle: (value: T) => void) => (value: T) => {
        signal?.removeEventListener("abort", giveUp);
        settle(value);
      };
      const sent = { ...request, effect, isCertain, resolve: done(resolve), reject: done(reject) };
      this.#onTheirWay.add(effect);
      this.#line = this.#line.then(() => this.#deliver(sent));
    });
  }

  #name(what: string): Effect {
    const call = this.#traffic.owner();
    const number = (this.#counts.get(call.id) ?? 0) + 1;
    this.#counts.set(call.id, number);
    const effect = { id: `${call.id}!effect${number}`, call, number, what };
    this.effects.push(effect);
    return effect;
  }

  async #deliver(sent: Sent): Promise<void> {
    const { effect, signal, reject } = sent;
    const { call } = effect;
    await latency();
    this.#onTheirWay.delete(effect);
    const fault = this.#plan.get(effect.id);
    if (fault === "before") {
      this.#traffic.goesOn(call);
      return reject(this.#traffic.error(call));
    }
    if (fault === "overtaken") this.#traffic.strike(call);
    if (signal?.aborted) this.overtaken.add(call.path);
    if (fault === "overtaken" || signal?.aborted) {
      this.#hold(effect, "effect").then(() => this.#land(sent));
    } else {
      this.#land(sent, fault);
    }
  }

  #land(sent: Sent, fault?: Fault): void {
    const { effect: { call }, act, resolve, reject } = sent;
    const answer = this.#traffic.land(sent, () => attempt(act));
    const come = () => answer.ok ? resolve(answer.value) : reject(answer.thrown);
    if (fault === "after") return reject(this.#traffic.error(call));
    if (fault !== "late") return come();
    this.#traffic.strike(call);
    this.#hold(sent.effect, "answer").then(() => {
      this.#traffic.goesOn(call);
      come();
    });
  }

  async #hold(effect: Effect, kind: "answer" | "effect"): Promise<void> {
    this.#held.add(effect);
    await this.#rest.wait(kind);
    this.#held.delete(effect);
  }
}

function attempt(act: () => unknown) {
  try {
    return { ok: true, value: act() } as const;
  } catch (thrown) {
    return { ok: false, thrown } as const;
  }
}
