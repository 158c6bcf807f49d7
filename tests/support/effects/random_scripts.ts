import fc, { type Arbitrary } from "fast-check";
import { type Flow, flows, type Layer } from "./flow.ts";

/** An action of an attempt, in milliseconds after its start. */
export interface Part {
  /** The time of its effect: before the attempt ends, after that, or never. */
  readonly happensAt: number | undefined;
  /** The time at which its undo is deferred. */
  readonly defersAt: number;
}

/** The script of one attempt. */
export interface Script {
  readonly parts: readonly Part[];
  /** The time at which it settles; 0 is synchronously, without a promise. */
  readonly settlesAt: number;
  readonly succeeds: boolean;
}

/** A scripted step, or a function called for items, as data. */
export interface Scripted {
  readonly form: "step" | "function";
  readonly timeout: number | undefined;
  readonly graceMs: number;
  readonly lateMs: number;
  readonly overlap: "allow" | "never";
  readonly retries: number;
  readonly hasRollback: boolean;
  readonly isIdempotent: boolean;
  /** Whether attempts under one key return the same value, as they have the same effect. */
  readonly returnsSame: boolean;
  /** Whether it asks for its key. */
  readonly readsKey: boolean;
  /** Whether it settles as soon as its signal aborts. */
  readonly heeds: boolean;
  /** Whether all its undos fail. */
  readonly isStuck: boolean;
  /** The scripts of its attempts, cyclically. */
  readonly scripts: readonly Script[];
}

/** A run, as data. */
export interface ScriptScenario {
  readonly flow: Flow<Scripted>;
  readonly failsAt: number | undefined;
  readonly abortAt: number | undefined;
}

const part: Arbitrary<Part> = fc.record({
  happensAt: fc.option(fc.nat({ max: 14 }), { nil: undefined, freq: 8 }),
  defersAt: fc.nat({ max: 18 }),
});

const script: Arbitrary<Script> = fc.record({
  parts: fc.array(part, { maxLength: 3 }),
  settlesAt: fc.nat({ max: 9 }),
  succeeds: fc.constantFrom(true, true, false),
});

const scripted: Arbitrary<Scripted> = fc.record({
  form: fc.constantFrom("step", "step", "step", "function"),
  timeout: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 2 }),
  graceMs: fc.constantFrom(0, 0, 1, 4),
  lateMs: fc.integer({ min: 1, max: 12 }),
  overlap: fc.constantFrom("allow", "allow", "never"),
  retries: fc.nat({ max: 2 }),
  hasRollback: fc.boolean(),
  isIdempotent: fc.constantFrom(false, false, true),
  returnsSame: fc.boolean(),
  readsKey: fc.constantFrom(true, true, false),
  heeds: fc.boolean(),
  isStuck: fc.constant(false),
  scripts: fc.array(script, { minLength: 1, maxLength: 4 }),
});

const layer: Arbitrary<Layer> = fc.constantFrom(
  "throws",
  "fails",
  "recovers",
  "recovers",
  "answers",
  "watches",
);

/** Runs of random flows whose steps defer at any moment. */
export const scriptScenarios: Arbitrary<ScriptScenario> = scenarios(scripted);

/** The same, but the undos of some steps fail. */
export const stuckScenarios: Arbitrary<ScriptScenario> = scenarios(
  fc.tuple(scripted, fc.boolean()).map(([leaf, isStuck]) => ({ ...leaf, isStuck })),
);

function scenarios(leaf: Arbitrary<Scripted>): Arbitrary<ScriptScenario> {
  return fc.record({
    flow: flows(leaf, 25, layer),
    failsAt: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
    abortAt: fc.option(fc.nat({ max: 20 }), { nil: undefined, freq: 1 }),
  });
}
