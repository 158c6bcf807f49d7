import { delay } from "@std/async/delay";
import { FakeTime } from "@std/testing/time";
import { type Host, pipeline, type Result, type RunInfo, step } from "@runsheet/runsheet";
import { type Attempt, EffectLog } from "./effect_log.ts";
import { type AnyStep, build, failing } from "./flow.ts";
import { Gateway } from "./gateway.ts";
import type { Charging, Request, Scenario } from "./random_gateways.ts";
import type { Recipe } from "./recipe.ts";
import { untilRest } from "./until_rest.ts";

/** A random flow of steps that charge, each through its own gateway, in fake time. */
export class GatewayWorld {
  readonly log: EffectLog = new EffectLog();
  readonly gateways: Gateway[] = [];

  /** Runs a flow until nothing is pending any more. */
  async run({ flow, failsAt, abortAt, host }: Scenario): Promise<Result<unknown>> {
    const time = new FakeTime();
    try {
      const steps = [build(flow, (leaf, name) => this.#charging(leaf, name))];
      if (failsAt !== undefined) steps.push(failing((done) => setTimeout(done, failsAt)));
      const top = pipeline({ name: "top", steps: steps as never[] });
      const aborter = new AbortController();
      if (abortAt !== undefined) setTimeout(() => aborter.abort(), abortAt);
      return await untilRest(
        time,
        top.run({}, {
          runId: "r",
          signal: aborter.signal,
          host: host && slowHost(host),
        }),
      );
    } finally {
      time.restore();
    }
  }

  #charging(charging: Charging, name: string): AnyStep {
    const { kind, recipe, requests, timeout, graceMs, lateMs, overlap, retries, delay } = charging;
    const gateway = new Gateway(name, kind);
    this.gateways.push(gateway);
    let count = 0;
    return step({
      name,
      timeout,
      graceMs,
      lateMs,
      overlap,
      idempotent: recipe.idempotent ?? false,
      retry: { count: retries, delay, ...(recipe.retryIf && { retryIf: recipe.retryIf }) },
      run: (_ctx, info) => {
        return this.#charge(charging, gateway, requests[count++ % requests.length]!, info);
      },
      rollback: recipe.rollback && ((_ctx, output, { effectKey }) => {
        const id = String(output[name]);
        this.log.rollsBack(effectKey, id);
        return gateway.refund(id);
      }),
      undoByKey: recipe.undoByKey && {
        ...recipe.undoByKey,
        run: (_ctx, { effectKey }) => {
          this.log.undoesByKey(effectKey);
          return gateway.undoByKey(effectKey);
        },
      },
    });
  }

  async #charge(
    { recipe, heeds, lateMs }: Charging,
    gateway: Gateway,
    request: Request,
    info: RunInfo,
  ): Promise<Record<string, string>> {
    const attempt = this.log.starts(info, {
      isIdempotent: recipe.idempotent ?? false,
      hasRollback: recipe.rollback ?? false,
      hasUndoByKey: recipe.undoByKey !== undefined,
      lateMs,
    });
    const working = this.#work(attempt, recipe, gateway, request, info);
    const id = await (heeds ? unlessAborted(working, info.signal) : working);
    this.log.returns(attempt, id);
    return { [gateway.name]: id };
  }

  async #work(
    attempt: Attempt,
    { defers }: Recipe,
    gateway: Gateway,
    request: Request,
    info: RunInfo,
  ): Promise<string> {
    if (request.lead > 0) await pause(request.lead);
    if (defers === "before") {
      this.#defer(attempt, info, (effectKey) => gateway.undoByKey(effectKey));
    }
    const id = await gateway.charge(attempt.key, request);
    if (defers === "after") this.#defer(attempt, info, () => gateway.refund(id));
    if (request.work > 0) await pause(request.work);
    return id;
  }

  #defer(attempt: Attempt, { defer }: RunInfo, undo: (effectKey: string) => Promise<void>): void {
    const id = this.log.defers(attempt);
    defer(({ effectKey }) => {
      this.log.undoes(id, effectKey);
      return undo(effectKey);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function unlessAborted<T>(working: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    working.then(resolve, reject);
  });
}

/** A host that is slow to record outcomes. */
function slowHost(delays: readonly number[]): Host {
  let count = 0;
  return {
    perform: async (_call, fn) => {
      const outcome = await fn();
      const ms = delays[count++ % delays.length]!;
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      return outcome;
    },
    sleep: (_call, ms, signal) => delay(ms, signal ? { signal } : {}),
  };
}

/** The ids of all charges in the result of a run. */
export function outputsOf(result: Result<unknown>): readonly string[] {
  return result.success ? JSON.stringify(result.data).match(/leaf\d+:\d+/g) ?? [] : [];
}
