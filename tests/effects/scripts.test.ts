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

describe("what attempts do and defer, at any moment", () => {
  it(
    "stands where the result has the attempt's output, and nowhere else",
    holdsFor(({ happened, live, log }, result) => {
      const standing = standingOf(result);
      const expected = happened.filter(({ attempt }) => log.stands(attempt, standing));
      // As lists: on Node 20 assertEquals cannot compare sets.
      const wanted = expected.map(({ what }) => what);
      assertEquals([...new Set(live)].sort(), [...new Set(wanted)].sort());
    }),
  );

  it(
    "is undone once each where it does not stand, and only there",
    holdsFor(({ log }, result) => log.checkUndone(standingOf(result))),
  );

  it(
    "costs its key when it is undone, or due to be, and only then",
    holdsFor(({ log }) => log.checkKeys()),
  );

  it(
    "leaves no timer and no listener behind once the run is over, but those for attempts under way",
    holdsFor(({ held: [over, rest] }) => {
      assertEquals(over!.listeners, 0);
      assertLessOrEqual(over!.timers, over!.inFlight);
      assertEquals(rest, { timers: 0, listeners: 0, inFlight: 0 });
    }),
  );
});

describe("what attempts do and defer, where undos fail", () => {
  it("is told, and nothing goes on over it", async () => {
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
