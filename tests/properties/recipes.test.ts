// The recipes at the start of docs/failure.md, each against another side with the faults that the
// recipe handles: slow, late, lost and rejected answers, retries, aborts and failures of later
// steps.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  type Mercy,
  type OtherSide,
  Refused,
  type Side,
  weather,
  weathers,
} from "../support/other_side.ts";
import type { RollbackInfo, RunInfo } from "@runsheet/runsheet";
import { propertyOfKinds } from "../support/property.ts";

const retry = { count: 2, delay: 3 };

interface Recipe extends Mercy {
  readonly side: Side;
  readonly define: Parameters<typeof weather>[2];
}

const rollback = (other: OtherSide) => (_ctx: unknown, { chargeId }: { chargeId: string }) =>
  other.refund(chargeId);

const recipes: Record<string, Recipe> = {
  "forbids a key, even if the signal is passed on": {
    side: "voids",
    isPrompt: false,
    isHonest: false,
    define: (other) => ({
      retry,
      run: async (_ctx, { key, signal }) => ({ chargeId: await other.charge(key, signal) }),
      rollback: rollback(other),
      undoByKey: (_ctx, { effectKey }) => other.undo(effectKey),
    }),
  },
  "answers a repeated key with the first result": {
    side: "replays",
    isPrompt: false,
    isHonest: false,
    define: (other) => ({
      retry,
      idempotent: true,
      run: async (_ctx, { key }) => ({ chargeId: await other.charge(key) }),
      rollback: rollback(other),
      undoByKey: { afterMs: 100, run: (_ctx, { effectKey }) => other.undo(effectKey) },
    }),
  },
  "refuses a key in flight, and repeats its error": {
    side: "refuses",
    isPrompt: true,
    isHonest: false,
    define: (other) => ({
      retry,
      run: async (_ctx, { key }) => ({ chargeId: await other.charge(key) }),
      rollback: rollback(other),
      undoByKey: (_ctx, { effectKey }) => other.undo(effectKey),
    }),
  },
  "can be searched by a reference": {
    side: "is searched",
    isPrompt: true,
    isHonest: false,
    define: (other) => ({
      retry,
      run: async (_ctx, { key }) => ({ chargeId: await other.charge(key) }),
      rollback: rollback(other),
      undoByKey: (_ctx, { effectKey }) => other.undo(effectKey),
    }),
  },
  "counts, and cannot be asked": {
    side: "counts",
    isPrompt: true,
    isHonest: true,
    define: (other) => ({
      retry: { ...retry, retryIf: (errors) => errors.at(-1) instanceof Refused },
      run: async (_ctx, { key }) => ({ chargeId: await other.charge(key) }),
      rollback: rollback(other),
    }),
  },
};

describe("the recipe for another side that", () => {
  for (const [what, { side, define, ...mercy }] of Object.entries(recipes)) {
    it(`${what}: only the result's charge is left, and nothing when the run fails`, async () => {
      await propertyOfKinds(["true", "false"], weathers(mercy), async (one) => {
        const { result, other } = await weather(side, one, define);
        const expected = result.success ? [result.data.chargeId] : [];
        assertEquals(other.standing, side === "counts" ? expected.length : expected);
        return [String(result.success)];
      });
    });
  }

  it("can be searched loses a charge if the signal is passed on: it comes after the undo", async () => {
    const one = {
      courses: [{ land: 3, answer: 3, ok: true }],
      abortAt: 0,
      next: { ms: 0, fails: false },
    };
    const passing = (other: OtherSide) => ({
      run: async (_ctx: unknown, { key, signal }: RunInfo) => ({
        chargeId: await other.charge(key, signal),
      }),
      rollback: rollback(other),
      undoByKey: (_ctx: unknown, { effectKey }: RollbackInfo) => other.undo(effectKey),
    });
    const searched = await weather("is searched", one, passing);
    assertEquals([searched.result.success, searched.other.standing], [false, ["c1"]]);
    const voided = await weather("voids", one, passing);
    assertEquals([voided.result.success, voided.other.standing], [false, []]);
  });
});
