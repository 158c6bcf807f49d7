import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { spawnScript } from "./spawn.ts";

const { RUNSHEET_KILLS = "4" } = process.env;
const kills = RUNSHEET_KILLS === "all" ? 50 : Number(RUNSHEET_KILLS);

interface Told {
  readonly error: string;
  readonly completed: readonly string[];
  /** The number of moments in the last process. */
  readonly moments: number;
}

/** The effect under a key, and whether it was undone. */
export interface Effect {
  readonly key: string;
  readonly name: string;
  readonly undone: boolean;
}

/** Orders in a database. */
export interface Orders {
  /** The script of tests/processes that runs one. */
  readonly script: string;
  /** The place where the script keeps an order. */
  where(runId: string): string;
  effectsOf(runId: string): Effect[] | Promise<Effect[]>;
}

/** Moments that are not left to chance. */
const named = [
  "before the approval",
  "after the approval",
  "after a wait",
  "after undo 1 of charge",
];

/**
 * Kills the processes of RUNSHEET_KILLS orders, by default of a few and of fifty for `all`, each at
 * a moment of its own, and asserts that another process ends them as if they had not been killed.
 */
export async function assertSurvivesKills(orders: Orders): Promise<void> {
  const whole = await runOrder(orders, "whole", "");
  assertEquals(
    whole.told.error,
    "Cannot retry 'ship' as its 1 retries are used up: Error: no courier",
  );
  assertEquals(whole.effects.filter(({ undone }) => !undone).map(({ name }) => name), [
    "mail ann",
    "mail bob",
  ]);
  // A slow process has more moments than this, as it renews its lease more often, but not fewer.
  const { moments } = whole.told;
  const spread = Array.from(
    { length: kills },
    (_, n) => String(Math.ceil((n + 0.5) * moments / kills)),
  );
  const survives = async (killAt: string) => {
    const runId = `killed at ${killAt}`;
    const { told, effects, wasKilled } = await runOrder(orders, runId, killAt);
    if (named.includes(killAt)) assert(wasKilled, runId);
    assertEquals({ ...told, moments }, { ...whole.told, moments }, runId);
    assertEquals(effects, whole.effects, runId);
  };
  // A few at a time.
  const waiting = [...named, ...spread];
  const next = async () => {
    for (let one; (one = waiting.shift());) await survives(one);
  };
  await Promise.all([next(), next(), next()]);
}

/** Runs an order in a process that is killed, and then in another one. */
async function runOrder(orders: Orders, runId: string, killAt: string) {
  const { script } = orders;
  const where = orders.where(runId);
  const first = await spawnScript(script, [where, runId, killAt]);
  const wasKilled = first.stdout === "";
  assert(!wasKilled || killAt, first.stderr);
  const last = wasKilled ? await spawnScript(script, [where, runId]) : first;
  assert(last.stdout, last.stderr);
  const told: Told = JSON.parse(last.stdout);
  const effects = (await orders.effectsOf(runId)).map((effect) => ({
    ...effect,
    key: effect.key.replace(runId, "run"),
  }));
  return { told, effects, wasKilled };
}
