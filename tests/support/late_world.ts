import { setImmediate } from "node:timers/promises";
import { AssertionError } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type Host,
  type LateReport,
  map,
  parallel,
  pipeline,
  type Result,
  type RollbackInfo,
  type Step,
  step,
} from "@runsheet/runsheet";
import type { LateScenario, LeafShape, TreeShape } from "./random_late.ts";

/** One attempt of a step or a function, as seen by user code. */
export interface Attempt {
  readonly path: string;
  /** The key that it sent. */
  readonly key: string;
  readonly leaf: LeafShape;
  /** From 1. */
  readonly nth: number;
  readonly at: number;
  settled: "landed" | "failed" | undefined;
  settledAt: number | undefined;
}

/** An effect on the world, which may have been undone. */
export interface Effect {
  readonly attempt: Attempt;
  /** Whether anything is there to undo it. */
  readonly hasUndo: boolean;
  /** The number of undos that started. */
  undone: number;
}

type AnyWork = Step<string, Record<never, never>, object>;
type Info = Pick<RollbackInfo, "signal" | "key"> & { defer: (undo: () => void) => void };

/** A random tree of steps with a record of their effects, in fake time. */
export class LateWorld {
  readonly attempts: Attempt[] = [];
  /** By id; the id of a deferred undo has a `!`. */
  readonly effects: Map<string, Effect> = new Map();
  readonly reports: LateReport[] = [];
  /** The ids passed to a host. */
  readonly ids: string[] = [];
  /** The paths of undos whose first attempt was given up and has settled. */
  readonly slowUndos: string[] = [];
  /** Violations. */
  readonly mistakes: string[] = [];
  readonly #watches: Promise<unknown>[] = [];
  #inFlight = 0;
  #count = 0;

  /** Runs a tree until nothing is pending any more. */
  async run({ root, abortAt, host }: LateScenario): Promise<Result<unknown>> {
    const time = new FakeTime();
    try {
      const aborter = new AbortController();
      if (abortAt !== undefined) setTimeout(() => aborter.abort(), abortAt);
      const top = pipeline({ name: "top", steps: [this.#build(root)] });
      let result: Result<unknown> | undefined;
      let settledWatches = 0;
      const running = top.run({}, {
        runId: "r",
        onLate: (report) => this.reports.push(report),
        waitUntil: (watch) => {
          this.#watches.push(watch);
          watch.then(() => settledWatches++);
        },
        ...(abortAt !== undefined && { signal: aborter.signal }),
        ...(host && { host: this.#host(host) }),
      });
      running.then((given) => result = given);
      for (let ms = 0; ms < 5_000; ms++) {
        await setImmediate();
        const isOver = result && this.#inFlight === 0 && settledWatches === this.#watches.length;
        if (isOver) return result!;
        time.tick(1);
      }
      throw new AssertionError("the run hangs");
    } finally {
      time.restore();
    }
  }

  #build(shape: TreeShape): AnyWork {
    const name = `${shape.kind[0]}${this.#count++}`;
    switch (shape.kind) {
      case "pipeline":
      case "parallel": {
        const children = shape.children.map((child) => this.#build(child));
        const steps = shape.kind === "pipeline" ? children : [parallel(...children)];
        const { timeout } = shape;
        return pipeline({ name, steps: steps as never[], timeout }) as unknown as AnyWork;
      }
      case "step":
        return this.#step(name, shape);
      case "mapped": {
        const { concurrency } = shape;
        return map(name, () => itemsOf(shape), this.#step("each", shape), { as: "n", concurrency });
      }
      case "items": {
        const { concurrency } = shape;
        // A function has neither timeout nor retries, and no undos except deferred ones.
        const bare = {
          ...shape,
          timeout: undefined,
          graceMs: 0,
          retries: 0,
          undo: "none",
        } as const;
        return map(name, () => itemsOf(shape), (n, _ctx, info) => {
          return this.#attempt(bare, info, 1, n);
        }, { concurrency });
      }
    }
  }

  #step(name: string, leaf: LeafShape): AnyWork {
    const { timeout, graceMs, overlap, retries, undo } = leaf;
    return step({
      name,
      timeout,
      graceMs,
      overlap,
      retry: { count: retries },
      run: (ctx: { n?: number }, info) => this.#attempt(leaf, info, info.attempt, ctx.n ?? 0),
      rollback: undo === "none" ? undefined : {
        run: (_ctx, output, info) => this.#undo(leaf, String(output.effect), info),
        ...(undo === "slow" && { timeout: 2, retry: { count: 1 } }),
      },
    });
  }

  #attempt(leaf: LeafShape, info: Info, nth: number, item: number) {
    const { key } = info;
    const path = key.slice("r/top/".length).replace(/~\d+$/, "");
    const { at, lands } = leaf.courses[(nth + item) % leaf.courses.length]!;
    this.#checkBefore(leaf, path, key);
    const attempt: Attempt = {
      path,
      key,
      leaf,
      nth,
      at,
      settled: undefined,
      settledAt: undefined,
    };
    this.attempts.push(attempt);
    const effect = `${path}@${nth}`;
    const happen = (id: string, hasUndo: boolean) => {
      this.effects.set(id, { attempt, hasUndo, undone: 0 });
    };
    const defer = (when: "early" | "late") => {
      if (!leaf.defers.includes(when)) return;
      happen(`${effect}!${when}`, true);
      info.defer(() => this.#undone(`${effect}!${when}`));
    };
    const settle = () => {
      defer("late");
      attempt.settled = lands ? "landed" : "failed";
      attempt.settledAt = Date.now();
      if (!lands) throw new Error(`${effect} failed`);
      happen(effect, leaf.undo !== "none");
      return { effect, [path]: effect };
    };
    defer("early");
    if (at === 0) return settle();
    this.#inFlight++;
    return new Promise<{ effect: string }>((resolve, reject) => {
      const settleOnce = () => {
        if (attempt.settled) return;
        this.#inFlight--;
        try {
          resolve(settle());
        } catch (error) {
          reject(error);
        }
      };
      setTimeout(settleOnce, at);
      if (leaf.honours) info.signal.addEventListener("abort", settleOnce);
    });
  }

  /** The undos of earlier attempts that must have run before the next one starts. */
  #checkBefore({ overlap }: LeafShape, path: string, key: string): void {
    const earlier = this.attempts.filter((attempt) => attempt.path === path);
    this.#checkKey(earlier, key);
    for (const before of earlier) {
      const { nth, settled, settledAt } = before;
      if (overlap === "never" && !settled) this.mistakes.push(`${path}@${nth} is under way`);
      // An attempt that lands while the next one starts is noticed a moment later.
      if (settled === "landed" && settledAt! < Date.now() && before.key === key) {
        this.mistakes.push(`${path}@${nth} has landed and is not the step's success`);
      }
      if (overlap !== "never" && !landsInGrace(before)) continue;
      const left = [...this.effects].filter(([, { attempt, hasUndo, undone }]) => {
        return attempt === before && hasUndo && undone === 0;
      });
      this.mistakes.push(...left.map(([id]) => `${id} is not undone before the next attempt`));
    }
  }

  /**
   * An attempt has a new key if something under the previous one was undone, or is due to be
   * undone.
   */
  #checkKey(earlier: readonly Attempt[], key: string): void {
    const last = earlier.at(-1)?.key;
    if (last === undefined) return;
    const isPassed = [...this.effects].some(([id, { attempt, undone }]) => {
      return attempt.key === last && (id.includes("!") || undone > 0);
    });
    if (isPassed !== (key !== last)) this.mistakes.push(`${key} follows ${last}`);
  }

  async #undo({ undo }: LeafShape, effect: string, info: RollbackInfo): Promise<void> {
    if (info.attempt > 1) return;
    this.#undone(effect);
    if (undo === "fails") throw new Error(`undo of ${effect} failed`);
    if (undo !== "slow") return;
    this.#inFlight++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.#inFlight--;
    this.slowUndos.push(effect.split("@")[0]!);
  }

  #undone(id: string): void {
    const effect = this.effects.get(id);
    if (effect) effect.undone++;
    else this.mistakes.push(`${id} is undone but never happened`);
  }

  #host(delays: readonly number[]): Host {
    return {
      perform: async ({ id }, fn) => {
        this.ids.push(id);
        const ms = delays[this.ids.length % delays.length]!;
        const outcome = await fn();
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        return outcome;
      },
      sleep: () => Promise.resolve(),
    };
  }
}

/** Whether an attempt is certain to be given up, by its own timeout or earlier. */
export function isGivenUp({ at, leaf: { timeout, honours } }: Attempt): boolean {
  // An attempt that settles when its signal aborts may do so in time if a sibling has failed.
  return timeout !== undefined && at > timeout && !honours;
}

/**
 * Whether an attempt is certain to settle in time or within its grace period, if nothing gives it
 * up before its own timeout.
 */
export function landsInGrace({ at, leaf: { timeout, graceMs, honours } }: Attempt): boolean {
  if (timeout === undefined || at <= timeout || graceMs === 0) return false;
  return honours || at < timeout + graceMs;
}

function itemsOf({ items }: LeafShape): number[] {
  return Array.from({ length: items }, (_, n) => n);
}
