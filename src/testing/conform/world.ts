import type { SagaAnswer, SagaEvent, SagaOutside } from "./adapter.ts";
import { FALLEN } from "./saga.ts";

/** What was told, and when a worker was killed or stalled. */
export type Entry =
  | { readonly kind: "told"; readonly event: SagaEvent; readonly isFenced: boolean }
  | { readonly kind: "kill" };

/** What happens when the run comes to a point for the first time. */
export type Fate =
  /** The worker is killed there. */
  | "kill"
  /** It is killed a little later, in the wait that follows. */
  | "kill in wait"
  /** It is killed in the wait for an event, and again once the event is sent. */
  | "kill in event"
  | "send"
  | "cancel"
  | "stall";

/** A point that the run has come to, and where something is to happen. */
export interface Cue {
  readonly fate: Fate;
  readonly event: SagaEvent;
  /** Lets the run go on. */
  readonly answer: () => void;
}

/** A point of a run. */
export function pointOf({ moment, step, attempt }: SagaEvent): string {
  return `${moment} ${step}${attempt === 1 ? "" : ` (attempt ${attempt})`}`;
}

/** Whether the event is part of the rollback of the whole run. */
export function isRollback({ moment, step }: SagaEvent): boolean {
  return (moment === "undo" || moment === "undone") && step !== FALLEN;
}

/** The world outside one run. It keeps what happened, and decides when workers die. */
export class World implements SagaOutside {
  readonly log: Entry[] = [];
  /** What is still to happen, by point. */
  plan: Map<string, Fate> = new Map();
  readonly #onCue: (cue: Cue) => void;
  /** How often each point was told. */
  readonly #told = new Map<string, number>();
  readonly #alive = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #fenced = new Set<string>();
  /** When the last event was told. */
  #last = 0;
  #onNew: (quietMs: number) => void = () => {};
  #isDown = false;
  #isFailing = false;

  constructor(onCue: (cue: Cue) => void) {
    this.#onCue = onCue;
  }

  tell(event: SagaEvent): Promise<SagaAnswer> {
    return new Promise((resolve) => {
      const { worker } = event;
      // What a dying process has sent may arrive late.
      if (this.#isDown && !this.#fenced.has(worker)) this.#dead.add(worker);
      if (this.#dead.has(worker)) return;
      this.#alive.add(worker);
      this.log.push({ kind: "told", event, isFenced: this.#fenced.has(worker) });
      const point = pointOf(event);
      const times = this.#told.get(point) ?? 0;
      const now = Date.now();
      if (times === 0) this.#onNew(now - this.#last);
      this.#last = now;
      this.#told.set(point, times + 1);
      const isFailing = this.#isFailing;
      this.#isFailing ||= event.moment === "gave up" || isRollback(event);
      const answer = () => resolve({ times, isFailing });
      const fate = this.plan.get(point);
      if (!fate) return answer();
      this.plan.delete(point);
      if (fate === "stall") {
        this.#fenced.add(worker);
        this.log.push({ kind: "kill" });
      }
      this.#onCue({ fate, event, answer });
    });
  }

  /**
   * Resolves once the run goes further than ever before, with how long it has told nothing until
   * then, in milliseconds.
   */
  goesOn(): Promise<number> {
    return new Promise((resolve) => this.#onNew = resolve);
  }

  isDead(worker: string): boolean {
    return this.#dead.has(worker);
  }

  /** The worker is killed: nothing that it tells counts any more. */
  bury(): void {
    this.#isDown = true;
    this.log.push({ kind: "kill" });
    for (const worker of this.#alive) {
      if (!this.#fenced.has(worker)) this.#dead.add(worker);
    }
  }

  /** Another worker begins. */
  revive(): void {
    this.#isDown = false;
  }
}
