// Steps that have effects and defer undos at any moment, in random flows with middleware.
import { describe, it } from "node:test";
import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Result } from "@runsheet/runsheet";
import { scriptScenarios, stuckScenarios } from "../support/effects/random_scripts.ts";
import { errorsIn, ScriptWorld, standingOf } from "../support/effects/script_world.ts";
import { propertyOfKinds } from "../support/property.ts";

/**
 * Checks the results of random runs. Some must succeed, some must fail, and something must be
 * undone.
 */
function holdsFor(check: (world: ScriptWorld, result: Result<unknown>) => void) {
  return async () => {
    await propertyOfKinds(["success", "failure", "undone"], scriptScenarios, async (scenario) => {
      const world = new ScriptWorld();
      const result = await world.run(scenario);
      check(world, result);
      return [
        result.success ? "success" : "failure",
        ...world.log.undos.length > 0 ? ["undone"] : [],
      ];
    });
  };
}

describe("effects and deferred undos of attempts, at any moment,", () => {
  it(
    "are kept if and only if the result has the attempt's output",
    holdsFor(({ happened, live, log }, result) => {
      const standing = standingOf(result);
      const expected = happened.filter(({ attempt }) => log.stands(attempt, standing));
      // As lists: on Node 20 assertEquals cannot compare sets.
      const wanted = expected.map(({ what }) => what);
      assertEquals([...new Set(live)].sort(), [...new Set(wanted)].sort());
    }),
  );

  it(
    "are undone once each if and only if they are not kept",
    holdsFor(({ log }, result) => log.checkUndone(standingOf(result))),
  );

  it(
    "lead to a new key if and only if they are undone, or due to be",
    holdsFor(({ log }) => log.checkKeys()),
  );

  it(
    "leave no timer and no listener behind once the run has ended, except for attempts in flight",
    holdsFor(({ held: [over, rest] }) => {
      assertEquals(over!.listeners, 0);
      assertLessOrEqual(over!.timers, over!.inFlight);
      assertEquals(rest, { timers: 0, listeners: 0, inFlight: 0 });
    }),
  );
});

describe("effects and deferred undos of attempts, if undos fail,", () => {
  it("are reported, and nothing continues past them", async () => {
    await propertyOfKinds(["reported", "late"], stuckScenarios, async (scenario) => {
      const world = new ScriptWorld();
      const result = await world.run(scenario);
      const late = world.late.flatMap(({ error }) => errorsIn(error));
      const reported = errorsIn(result.success ? result.data : result.rollback.failed);
      const forgotten = world.stuck.filter((error) => ![...late, ...reported].includes(error));
      assertEquals(forgotten, []);
      return [
        ...reported.length > 0 ? ["reported"] : [],
        ...late.some((error) => world.stuck.includes(error as Error)) ? ["late"] : [],
      ];
    });
  });
});
