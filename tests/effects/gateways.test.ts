// Random flows that use each kind of gateway: in the end, the gateways match the results.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Result } from "@runsheet/runsheet";
import type { Arbitrary } from "fast-check";
import { GatewayWorld, outputsOf } from "../support/effects/gateway_world.ts";
import { byDefault, byRecipe, type Scenario } from "../support/effects/random_gateways.ts";
import { heldBy, holds, RECIPES } from "../support/effects/recipe.ts";
import { propertyOfKinds } from "../support/property.ts";

/**
 * Checks the results of random runs. Some must succeed, some must fail, and gateways of all kinds
 * must be charged.
 */
function holdsFor(
  scenarios: Arbitrary<Scenario>,
  check: (world: GatewayWorld, result: Result<unknown>) => void,
) {
  return async () => {
    const kinds = [...Object.keys(RECIPES), "true", "false"];
    await propertyOfKinds(kinds, scenarios, async (scenario) => {
      const world = new GatewayWorld();
      const result = await world.run(scenario);
      check(world, result);
      const charged = world.gateways.filter(({ charges }) => charges.length > 0);
      return charged.flatMap(({ kind }) => [kind, String(result.success)]);
    });
  };
}

function isWhatResultsSay({ gateways }: GatewayWorld, result: Result<unknown>): void {
  const outputs = outputsOf(result);
  for (const gateway of gateways) {
    const what = `${gateway.name}, ${gateway.kind}`;
    assertEquals(holds(gateway), heldBy(gateway, outputs), what);
  }
}

describe("a gateway, charged by its recipe", () => {
  it(
    "holds exactly the charges of the result, or the lost ones too if it cannot be asked",
    holdsFor(byRecipe, isWhatResultsSay),
  );
  it(
    "is sent a new key if and only if something under the previous key is undone, or due to be",
    holdsFor(byRecipe, ({ log }) => log.checkKeys()),
  );
  it(
    "is asked to undo every effect that is not kept, once, and nothing else",
    holdsFor(byRecipe, ({ log }, result) => log.checkUndone(outputsOf(result))),
  );
});

describe("a gateway, charged with a key and a rollback, whose answers all arrive", () => {
  it("holds exactly the charges of the result", holdsFor(byDefault, isWhatResultsSay));
  it(
    "is sent one key until something under it is undone",
    holdsFor(byDefault, ({ log }) => log.checkKeys()),
  );
  it(
    "is asked to undo every effect that is not kept, once",
    holdsFor(byDefault, ({ log }, result) => log.checkUndone(outputsOf(result))),
  );
});
