import { toError } from "../../report/errors.ts";
import type { ConformAdapter, SagaArgs, SagaEnd } from "./adapter.ts";
import type { Cue, World } from "./world.ts";

/** The cues of a run, taken one after another. */
export class Cues {
  readonly #waiting: Cue[] = [];
  #wake: (() => void) | undefined;

  push(cue: Cue): void {
    this.#waiting.push(cue);
    this.#wake?.();
  }

  async next(): Promise<Cue> {
    while (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#waiting.shift()!;
  }
}

/** Drives one run to its end: kills its workers, and starts others. */
export class Driver {
  readonly problems: string[] = [];
  /** The steps after which a resumed run waited as long as the first time, or was held up. */
  readonly longWaits: string[] = [];
  kills = 0;
  readonly #adapter: ConformAdapter;
  readonly #world: World;
  readonly #cues: Cues;
  readonly #args: SagaArgs;
  readonly #waitMs: number;
  readonly #patienceMs: number;
  #result!: Promise<SagaEnd>;
  #stalled: Cue | undefined;

  constructor(
    adapter: ConformAdapter,
    world: World,
    cues: Cues,
    args: SagaArgs,
    { waitMs, patienceMs }: { readonly waitMs: number; readonly patienceMs: number },
  ) {
    this.#adapter = adapter;
    this.#world = world;
    this.#cues = cues;
    this.#args = args;
    this.#waitMs = waitMs;
    this.#patienceMs = patienceMs;
  }

  /** Returns the run's end, or `undefined` if it has none. */
  async run(): Promise<SagaEnd | undefined> {
    const { runId } = this.#args;
    try {
      await this.#adapter.start(runId, this.#args);
      this.#follow();
      const end = await this.#end();
      if (this.#stalled) await this.#wakeStalled(this.#stalled);
      return end;
    } catch (thrown) {
      this.problems.push(`the adapter must not fail: ${toError(thrown).message}`);
    } finally {
      await this.#adapter.stop?.();
    }
  }

  async #end(): Promise<SagaEnd | undefined> {
    let cue = this.#cues.next();
    for (;;) {
      const patience = timer(this.#patienceMs);
      const next = await Promise.race([
        this.#result.then((end) => ({ end })),
        cue.then((cue) => ({ cue })),
        patience.over,
      ]);
      patience.stop();
      if (!next) {
        this.problems.push(`it must end: nothing has happened for ${this.#patienceMs} ms`);
        return undefined;
      }
      if ("end" in next) return next.end;
      cue = this.#cues.next();
      if (!this.#world.isDead(next.cue.event.worker)) await this.#take(next.cue);
    }
  }

  async #take(cue: Cue): Promise<void> {
    const { runId } = this.#args;
    switch (cue.fate) {
      case "kill":
        return await this.#replace();
      case "send":
        await this.#adapter.send!(runId, "approval", {});
        return cue.answer();
      case "cancel":
        await this.#adapter.cancel!(runId);
        return await this.#replace();
      case "kill in event":
        cue.answer();
        await timer(this.#waitMs / 2).over;
        await this.#replace();
        await this.#adapter.send!(runId, "approval", {});
        return await this.#replace();
      case "kill in wait":
        return await this.#killInWait(cue);
      case "stall":
        this.#stalled = cue;
        await this.#adapter.stall!();
        await this.#adapter.resume();
        return this.#follow();
    }
  }

  /** Starts the next worker when the wait is over, so that it has nothing left to wait for. */
  async #killInWait({ event, answer }: Cue): Promise<void> {
    const over = timer(this.#waitMs);
    answer();
    await timer(this.#waitMs / 2).over;
    await this.#kill();
    await over.over;
    await this.#resume();
    const patience = timer(this.#patienceMs);
    const quietMs = await Promise.race([
      this.#world.goesOn(),
      this.#result.then(() => {}),
      patience.over,
    ]);
    patience.stop();
    // No timer fires much too early, so a wait that began anew takes as long as the first time.
    if (typeof quietMs === "number" && quietMs > this.#waitMs * 0.9) {
      this.longWaits.push(event.step);
    }
  }

  async #wakeStalled({ answer }: Cue): Promise<void> {
    await this.#adapter.wake!();
    answer();
    await timer(this.#waitMs).over;
  }

  async #replace(): Promise<void> {
    await this.#kill();
    await this.#resume();
  }

  async #kill(): Promise<void> {
    this.kills++;
    this.#world.bury();
    await this.#adapter.kill();
  }

  async #resume(): Promise<void> {
    this.#world.revive();
    await this.#adapter.resume();
    this.#follow();
  }

  #follow(): void {
    this.#result = this.#adapter.result(this.#args.runId);
    // The promise of a killed worker's result may reject after another one has taken its place.
    this.#result.catch(() => {});
  }
}

function timer(ms: number): { readonly over: Promise<undefined>; stop(): void } {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => {
    handle = setTimeout(() => resolve(undefined), ms);
  });
  return { over, stop: () => clearTimeout(handle) };
}
