import type { SagaAnswer, SagaEvent, SagaOutside } from "./adapter.ts";
import { FALLEN } from "./saga.ts";

/** An event from the saga, or the kill or stall of a worker. */
export type Entry =
  | { readonly kind: "told"; readonly event: SagaEvent; readonly isFenced: boolean }
  | { readonly kind: "kill" };

/** The fate of a worker or a run when it reaches a point for the first time. */
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

/** A point that the run has reached, and at which something is to happen. */
export interface Cue {
  readonly fate: Fate;
  readonly event: SagaEvent;
  /** Lets the run continue. */
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

/** The outside world of one run. It records what happened, and decides when workers die. */
export class World implements SagaOutside {
  readonly log: Entry[] = [];
  /** The fates that are still to come, by point. */
  plan: Map<string, Fate> = new Map();
  readonly #onCue: (cue: Cue) => void;
  /** The number of events from each point. */
  readonly #told = new Map<string, number>();
  readonly #alive = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #fenced = new Set<string>();
  /** The time of the latest event. */
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
      // Events that a dying process has sent may arrive late.
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
   * Resolves once the run gets further than ever before, with the length of the silence before
   * that, in milliseconds.
   */
  goesOn(): Promise<number> {
    return new Promise((resolve) => this.#onNew = resolve);
  }

  isDead(worker: string): boolean {
    return this.#dead.has(worker);
  }

  /** Marks the workers as killed: their events no longer count. */
  bury(): void {
    this.#isDown = true;
    this.log.push({ kind: "kill" });
    for (const worker of this.#alive) {
      if (!this.#fenced.has(worker)) this.#dead.add(worker);
    }
  }

  /** Called before another worker begins. */
  revive(): void {
    this.#isDown = false;
  }
}
