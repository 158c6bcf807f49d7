import type { Schema } from "../../api/schema.ts";
import type { AnyStep } from "../../api/step.ts";
import { choice } from "../../combinators/choice.ts";
import { fallback } from "../../combinators/fallback.ts";
import { filter } from "../../combinators/filter.ts";
import { map } from "../../combinators/map.ts";
import { parallel } from "../../combinators/parallel.ts";
import { when } from "../../combinators/when.ts";
import { pipeline } from "../../steps/pipeline.ts";
import { sleep } from "../../steps/sleep.ts";
import { step } from "../../steps/step.ts";
import { waitFor } from "../../steps/wait_for.ts";
import { cast } from "../../values/cast.ts";
import type { Saga, SagaArgs, SagaEvent, SagaOutside } from "./adapter.ts";

/**
 * The steps in order. Those of one row may run at the same time.
 */
export const STAGES: readonly (readonly string[])[] = [
  ["args"],
  ["reserve"],
  ["charge"],
  ["label", "invoice", "post"],
  ["batch"],
  ["mail 1", "mail 2", "mail 3"],
  ["big 1", "big 2"],
  ["isCard"],
  ["cardFee"],
  ["courier"],
  ["pickup"],
  ["hold"],
  ["pause"],
  ["approval"],
  ["truck"],
  ["late"],
  ["depart"],
  ["end"],
];

/** The step that fails and is undone before its fallback: its undo is not part of a rollback. */
export const FALLEN = "courier";

/** The data that the steps of the saga see. */
interface SagaContext extends SagaArgs {
  /** How often the args have been made. */
  readonly draft: number;
  readonly reserved: { readonly at: unknown; readonly lines: unknown };
  readonly mail: { readonly to: number; readonly batch: number };
}

/** The options of `saga`. */
export interface SagaOptions {
  /**
   * The length of each wait and timeout, in milliseconds.
   *
   * @default {100}
   */
  readonly waitMs?: number | undefined;
}

/**
 * Makes the saga: a pipeline of every kind of step that reports what it does to the outside world.
 *
 * @param outside The outside world. In another process, a proxy that sends each event to it.
 * @param options How long it waits.
 * @returns The pipeline, for one worker.
 */
export function saga(outside: SagaOutside, options: SagaOptions = {}): Saga {
  const { waitMs = 100 } = options;
  const worker = crypto.randomUUID();

  function tell(
    { runId }: SagaArgs,
    moment: SagaEvent["moment"],
    step: string,
    more: Partial<SagaEvent> = {},
  ) {
    return outside.tell({ runId, worker, moment, step, attempt: 1, ...more });
  }

  /** Has an effect on the outside world. */
  async function make(ctx: SagaContext, step: string, key: string, attempt = 1, saw = {}) {
    await tell(ctx, "call", step, { attempt });
    await tell(ctx, "made", step, { attempt, key, saw: { args: ctx.draft, ...saw } });
  }

  async function undo(ctx: SagaContext, step: string, key: string, attempt = 1) {
    await tell(ctx, "undo", step, { attempt });
    await tell(ctx, "undone", step, { attempt, key });
  }

  const simple = (name: string, ms = 0) =>
    step({
      name,
      run: async (ctx: SagaContext, { key }) => {
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        await make(ctx, name, key);
        return { [name]: name };
      },
      rollback: (ctx, _output, { effectKey }) => undo(ctx, name, effectKey),
    });

  const reserve = step({
    name: "reserve",
    run: async (ctx: SagaContext, { key }) => {
      await make(ctx, "reserve", key);
      return { reserved: { at: new Date(0), lines: new Map([["tea", 2]]) } };
    },
    undoByKey: (ctx, { effectKey }) => undo(ctx, "reserve", effectKey),
  });

  const charge = step({
    name: "charge",
    retry: { count: 1, delay: waitMs },
    run: async (ctx: SagaContext, { key, attempt }) => {
      if (attempt === 1) {
        await tell(ctx, "call", "charge");
        await tell(ctx, "failed", "charge");
        throw new Error("the gateway is busy");
      }
      await make(ctx, "charge", key, attempt);
      return { charge: "charge", restored: isRestored(ctx) };
    },
    rollback: (ctx, { charge }, { effectKey }) => undo(ctx, charge, effectKey),
  });

  const label = step({
    name: "label",
    retry: { count: 1 },
    run: async (ctx: SagaContext, { key, attempt }) => {
      if (attempt === 1) {
        await tell(ctx, "call", "label");
        throw new Error("no paper");
      }
      await make(ctx, "label", key, attempt);
      return { label: "label" };
    },
    rollback: {
      retry: { count: 1 },
      run: async (ctx, _output, { effectKey, attempt }) => {
        if (attempt > 1) return await undo(ctx, "label", effectKey, attempt);
        await tell(ctx, "undo", "label");
        throw new Error("the printer is busy");
      },
    },
  });

  const mail = step({
    name: "mail",
    run: async (ctx: SagaContext, { key }) => {
      const { to, batch } = ctx.mail;
      await make(ctx, `mail ${to}`, key, 1, { collection: batch });
      return { to };
    },
    rollback: (ctx, { to }, { effectKey }) => undo(ctx, `mail ${to}`, effectKey),
  });

  async function batchOf(ctx: SagaContext) {
    await tell(ctx, "call", "batch");
    const { times: batch } = await tell(ctx, "made", "batch");
    return [1, 2, 3].map((to) => ({ to, batch }));
  }

  async function isBig(n: number, ctx: SagaContext) {
    await tell(ctx, "call", `big ${n}`);
    return n > 1;
  }

  async function isCard(ctx: SagaContext) {
    await tell(ctx, "call", "isCard");
    return true;
  }

  const courier = step({
    name: FALLEN,
    run: async (ctx: SagaContext, { key }) => {
      await make(ctx, FALLEN, key);
      throw new Error("no courier is free");
    },
    undoByKey: (ctx, { effectKey }) => undo(ctx, FALLEN, effectKey),
  });

  const hold = step({
    name: "hold",
    run: async (ctx: SagaContext, { key, defer }) => {
      defer("release", { key });
      await make(ctx, "hold", key);
    },
    undos: { release: (ctx, { key }: { key: string }) => undo(ctx, "hold", key) },
  });

  const truck = step({
    name: "truck",
    run: async (ctx: SagaContext, { signal }) => {
      const { isFailing } = await tell(ctx, "call", "truck");
      // A call that is repeated after the timeout succeeds, but the run must not go forward then.
      if (isFailing) return;
      await aborted(signal);
      await tell(ctx, "gave up", "truck");
      throw signal.reason;
    },
  });

  const late = step({
    name: "late",
    run: async (ctx: SagaContext, { key, signal }) => {
      await tell(ctx, "call", "late");
      await aborted(signal);
      await tell(ctx, "made", "late", { key });
      return { late: "late" };
    },
    rollback: (ctx, { late }, { effectKey }) => undo(ctx, late, effectKey),
  });

  const end = step({
    name: "end",
    run: async (ctx: SagaContext) => {
      const { isFailing } = await tell(ctx, "call", "end");
      if (ctx.ending !== "fails" || isFailing) return;
      throw Object.assign(new RangeError("the road is closed"), { code: "CLOSED" });
    },
  });

  const argsSchema: Schema<SagaArgs> = {
    "~standard": {
      version: 1,
      vendor: "runsheet",
      async validate(value) {
        const args = cast<SagaArgs>(value);
        await tell(args, "call", "args");
        const { times: draft } = await tell(args, "made", "args");
        return { value: { ...args, draft } };
      },
    },
  };

  const steps: readonly AnyStep[] = [
    reserve,
    charge,
    // The branches overtake each other only when they run for the first time.
    parallel(label, pipeline({ name: "billing", steps: [simple("invoice", 5), simple("post")] })),
    map("mails", batchOf, mail, { concurrency: 2, as: "mail" }),
    filter("bigs", () => [1, 2], isBig),
    choice([isCard, simple("cardFee")], simple("bankFee")),
    fallback(courier, simple("pickup")),
    hold,
    sleep("pause", waitMs),
    when(({ hasEvents }: SagaContext) => hasEvents, waitFor("approval")),
    when(
      ({ ending }: SagaContext) => ending === "times out",
      pipeline({ name: "dispatch", timeout: waitMs, steps: [truck] }),
    ),
    when(
      ({ ending }: SagaContext) => ending === "lands late",
      pipeline({ name: "delivery", timeout: waitMs, steps: [late] }),
    ),
    simple("depart"),
    end,
  ];
  return cast(pipeline({
    name: "saga",
    argsSchema,
    middleware: [({ name }, next) => async (ctx) => {
      const args = cast<SagaArgs>(ctx);
      await tell(args, "enter", name);
      const result = await next(ctx);
      await tell(args, "leave", name);
      return result;
    }],
    steps: cast<[]>(steps),
  }));
}

/** Whether the output of an earlier step came back as it was. */
function isRestored({ reserved: { at, lines } }: SagaContext): boolean {
  return at instanceof Date && lines instanceof Map && lines.get("tea") === 2;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
