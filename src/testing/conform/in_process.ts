import type { Result } from "../../api/result.ts";
import type { ConformTarget, Saga, SagaArgs } from "./adapter.ts";
import { saga, type SagaOptions } from "./saga.ts";
import { sagaEnd } from "./saga_end.ts";

/** The runs of the saga in a process whose kills are simulated; `durable()` returns such runs. */
export interface InProcessRuns {
  /** Begins the run, or continues it. */
  run(
    args: SagaArgs,
    options: { readonly runId: string },
  ): Promise<Result<Record<string, unknown>>>;
  /** Answers a `waitFor` of the run. */
  send?(runId: string, name: string, data: unknown): Promise<void>;
  /** Cancels the run. */
  cancel?(runId: string): Promise<void>;
}

/** Wraps an object so that its methods reject once the worker that uses it is killed. */
export type Mortal = <T extends object>(resource: T) => T;

/**
 * Makes an adapter whose workers live in this process. A worker is killed by taking its store away.
 *
 * @param make Makes the runs of the saga for one worker. Anything that outlives the worker, such as
 * a store, must be passed through `mortal`.
 * @param options How long the saga waits: the same as those of `conform`.
 * @returns The target for `conform`.
 */
export function inProcess(
  make: (saga: Saga, mortal: Mortal) => InProcessRuns,
  options: SagaOptions = {},
): ConformTarget {
  return (outside) => {
    let worker: Worker;
    let stalled: Worker | undefined;
    let runs: InProcessRuns;
    let known: { readonly runId: string; readonly args: SagaArgs };
    let running: Promise<Result<Record<string, unknown>>>;

    function begin(): void {
      const own = worker = new Worker();
      runs = make(saga(outside, options), (resource) => own.mortal(resource));
    }

    function run(): void {
      running = runs.run(known.args, { runId: known.runId });
    }

    begin();
    const { send, cancel } = runs!;
    return {
      start(runId, args) {
        known = { runId, args };
        run();
      },
      kill: () => worker.kill(),
      resume() {
        begin();
        run();
      },
      result: async () => sagaEnd(await running),
      ...(send && { send: (runId, name, data) => runs.send!(runId, name, data) }),
      ...(cancel && { cancel: (runId) => runs.cancel!(runId) }),
      stall: () => (stalled = worker).stall(),
      wake: () => stalled!.wake(),
      stop() {
        for (const each of [worker, stalled]) {
          each?.kill();
          each?.wake();
        }
      },
    };
  };
}

/** Stands in for a process. */
class Worker {
  #isDead = false;
  #stalled: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  kill(): void {
    this.#isDead = true;
  }

  stall(): void {
    this.#stalled = new Promise((resolve) => this.#wake = resolve);
  }

  wake(): void {
    this.#stalled = undefined;
    this.#wake?.();
  }

  mortal<T extends object>(resource: T): T {
    return new Proxy(resource, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          await this.#live();
          const answer: unknown = await Reflect.apply(value, target, args);
          await this.#live();
          return answer;
        };
      },
    });
  }

  async #live(): Promise<void> {
    await this.#stalled;
    if (this.#isDead) throw new Error("the worker has been killed");
  }
}
