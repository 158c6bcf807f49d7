// An order of three steps, plain and with options around its steps.
import type { Middleware } from "@runsheet/runsheet";
import { Effect, Schedule } from "effect";
import { bare } from "../contenders/bare.ts";
import { effect } from "../contenders/effect.ts";
import {
  checkoutAsync,
  checkoutNested,
  checkoutSync,
  handWritten,
  never,
  parseByZod,
  retried,
  timed,
  timedBySetTimeout,
} from "../contenders/hand_written.ts";
import { neverthrow } from "../contenders/neverthrow.ts";
import { retriedByCockatiel, retriedByPRetry, timedByCockatiel } from "../contenders/policies.ts";
import { atTheFloor, runsheet } from "../contenders/runsheet.ts";
import { loadRunsheetJs, runsheetJs } from "../contenders/runsheet_js.ts";
import { xstate } from "../contenders/xstate.ts";
import type { Case } from "../harness.ts";
import { asynchronous, attentive, failing, sync, type Work, zod } from "../work.ts";

/** Short, because on Node a signal of `AbortSignal.timeout` stays in memory until it fires. */
const TIMEOUT = 1_000;
const afterTimeouts = () => new Promise<void>((resolve) => setTimeout(resolve, TIMEOUT));

let passed = 0;
/** A middleware that does almost nothing. */
const layer: Middleware = (_step, next) => async (ctx) => {
  const result = await next(ctx);
  passed++;
  return result;
};

/** The same around a plain function, three times. */
function layered<Needs, Gives>(
  step: (ctx: Needs, info: typeof never) => Promise<Gives>,
): (ctx: Needs) => Promise<Gives> {
  const around = (next: (ctx: Needs) => Promise<Gives>) => async (ctx: Needs) => {
    const result = await next(ctx);
    passed++;
    return result;
  };
  return around(around(around((ctx) => step(ctx, never))));
}

function inLayers({ price, charge, confirm }: Work<false>): Work<false> {
  return { price: layered(price), charge: layered(charge), confirm: layered(confirm) };
}

const original = await loadRunsheetJs();
/** The same in runsheet-js. */
const inRunsheetJs = (work: Work<boolean>) => original ? [runsheetJs(original, work)] : [];
/** Never slower than the original. */
const ORIGINAL = original && { "runsheet-js": 0.9 };

export const cases: readonly Case[] = [
  {
    name: "checkout, sync steps",
    contenders: [
      runsheet(sync),
      atTheFloor(sync),
      handWritten(checkoutSync(sync)),
      bare(sync),
      effect(sync, { isSync: true }),
    ],
    targets: { "hand-written": { node: 1.35, deno: 1.45, bun: 0.85 }, Effect: 1 },
  },
  {
    name: "checkout, async steps",
    contenders: [
      runsheet(asynchronous),
      atTheFloor(asynchronous),
      handWritten(checkoutAsync(asynchronous)),
      bare(asynchronous),
      effect(asynchronous),
      neverthrow(asynchronous),
      xstate(asynchronous),
    ],
    targets: { "hand-written": { node: 1.35, deno: 1.45, bun: 0.85 }, Effect: 1 },
  },
  {
    name: "checkout, with zod",
    contenders: [
      runsheet(asynchronous, { schemas: zod }),
      atTheFloor(asynchronous, { schemas: zod }),
      handWritten(checkoutAsync(asynchronous, zod, parseByZod)),
      ...inRunsheetJs(asynchronous),
    ],
    targets: { "hand-written": 1.5, ...ORIGINAL },
  },
  {
    name: "checkout, failing at the last step, with undo",
    contenders: [
      runsheet(failing),
      atTheFloor(failing),
      handWritten(checkoutAsync(failing)),
      effect(failing),
    ],
    targets: { "hand-written": 1.4, Effect: 1 },
  },
  {
    name: "checkout, with zod, failing at the last step, with undo",
    contenders: [
      runsheet(failing, { schemas: zod }),
      atTheFloor(failing, { schemas: zod }),
      handWritten(checkoutAsync(failing, zod, parseByZod)),
      ...inRunsheetJs(failing),
    ],
    targets: { "hand-written": 1.4, ...ORIGINAL },
  },
  {
    name: "checkout, middleware ×3",
    contenders: [
      runsheet(asynchronous, { middleware: [layer, layer, layer] }),
      atTheFloor(asynchronous, { middleware: [layer, layer, layer] }),
      handWritten(checkoutAsync(inLayers(asynchronous))),
      effect(asynchronous, {
        call: (step) => {
          const around = (step: Effect.Effect<never, unknown>) =>
            Effect.tap(step, () => Effect.sync(() => passed++));
          return around(around(around(step as Effect.Effect<never, unknown>)));
        },
      }),
    ],
    targets: { "hand-written": { node: 2, deno: 2, bun: 1.7 }, Effect: 1 },
  },
  {
    name: "checkout, nested ×3",
    contenders: [
      runsheet(asynchronous, { nested: true }),
      atTheFloor(asynchronous, { nested: true }),
      handWritten(checkoutNested(asynchronous)),
      effect(asynchronous),
    ],
    targets: { "hand-written": { node: 1.4, deno: 1.5, bun: 1.1 }, Effect: 1 },
  },
  {
    name: "checkout, retry that succeeds at once",
    contenders: [
      runsheet(asynchronous, { retries: 3 }),
      handWritten(checkoutAsync(retried(asynchronous, 3))),
      effect(asynchronous, { call: (step) => Effect.retry(step, Schedule.recurs(3)) }),
      handWritten(checkoutAsync(retriedByPRetry(asynchronous, 3)), "p-retry"),
      handWritten(checkoutAsync(retriedByCockatiel(asynchronous, 3)), "cockatiel"),
    ],
    targets: { Effect: 1 },
  },
];

/** These cases leave timers behind, so they come last. */
export const casesWithTimers: readonly Case[] = [
  ["checkout, timeout on every step", asynchronous] as const,
  ["checkout, timeout on every step, signal read", attentive] as const,
].map(([name, work]) => ({
  name,
  contenders: [
    runsheet(work, { timeout: TIMEOUT }),
    atTheFloor(work, { timeout: TIMEOUT }),
    handWritten(checkoutAsync(timedBySetTimeout(work, TIMEOUT)), "hand-written, setTimeout"),
    handWritten(checkoutAsync(timed(work, TIMEOUT)), "hand-written, AbortSignal.timeout"),
    effect(work, { call: (step) => Effect.timeout(step, TIMEOUT) }),
    handWritten(checkoutAsync(timedByCockatiel(work, TIMEOUT)), "cockatiel"),
  ],
  targets: { "hand-written, setTimeout": 1.2, Effect: 1 },
  settle: afterTimeouts,
}));
