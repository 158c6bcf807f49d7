// The results of random trees whose attempts settle in any order, before and after they are given
// up.
import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { LateReport, Result } from "@runsheet/runsheet";
import { type Attempt, isGivenUp, landsInGrace, LateWorld } from "../support/late_world.ts";
import { propertyOfKinds } from "../support/property.ts";
import { type LateScenario, lateScenarios } from "../support/random_late.ts";

/** The events of one run, as seen by user code. */
interface Story {
  readonly world: LateWorld;
  readonly result: Result<unknown>;
  readonly scenario: LateScenario;
  /** The reports of attempts of `run`, by path and attempt. */
  readonly late: ReadonlyMap<string, LateReport>;
}

const idOf = ({ path, nth }: Attempt) => `${path}@${nth}`;

/** Checks the results of random runs; `counts` must find something in one of them at least. */
function holdsFor(check: (story: Story) => void, counts: (story: Story) => number) {
  return async () => {
    await propertyOfKinds(["about this"], lateScenarios, async (scenario) => {
      const world = new LateWorld();
      const result = await world.run(scenario);
      const reports = world.reports.filter(({ undo }) => !undo);
      const late = new Map(reports.map((report) => [`${report.step}@${report.attempt}`, report]));
      const story = { world, result, scenario, late };
      check(story);
      return counts(story) > 0 ? ["about this"] : [];
    });
  };
}

/** Whether an attempt's effect stays: the run has succeeded and has its output. */
function isKept({ result }: Story, attempt: Attempt): boolean {
  return result.success && JSON.stringify(result.data).includes(JSON.stringify(idOf(attempt)));
}

/**
 * Whether an attempt's effects are kept. Those of one that has not landed are kept with the success
 * that has its key.
 */
function stands(story: Story, attempt: Attempt): boolean {
  if (attempt.settled === "landed") return isKept(story, attempt);
  return story.world.attempts.some((other) => other.key === attempt.key && isKept(story, other));
}

/** The undos in the rollback report, completed or failed. */
function listed({ result }: Story): string[] {
  if (result.success) return [];
  const { completed, failed } = result.rollback;
  return [...completed, ...failed.map(({ step }) => step)];
}

describe("attempts that settle at any time", () => {
  it(
    "have every effect undone exactly once, unless it stays or has no undo",
    holdsFor((story) => {
      const { effects, mistakes } = story.world;
      const expected = [...effects].map(([id, { attempt, hasUndo }]) => {
        return [id, hasUndo && !stands(story, attempt) ? 1 : 0];
      });
      assertEquals([...effects].map(([id, { undone }]) => [id, undone]), expected);
      assertEquals(mistakes.filter((mistake) => mistake.includes("never happened")), []);
    }, ({ late }) => [...late.values()].filter(({ outcome }) => outcome === "compensated").length),
  );

  it(
    "are reported once each when they were given up, and never when they were not",
    holdsFor((story) => {
      const { world, late } = story;
      assertEquals(late.size, world.reports.filter(({ undo }) => !undo).length);
      for (const attempt of world.attempts) {
        const id = idOf(attempt);
        const outcome = late.get(id)?.outcome;
        if (isGivenUp(attempt)) assert(outcome, `${id} is not reported`);
        if (isKept(story, attempt)) {
          assertEquals(outcome, isGivenUp(attempt) ? "adopted" : outcome && "adopted", id);
        }
      }
    }, ({ late }) => late.size),
  );

  it(
    "are reported with their outcomes",
    holdsFor(({ world, late }) => {
      for (const attempt of world.attempts) {
        const { settled, leaf: { undo, defers } } = attempt;
        const outcome = late.get(idOf(attempt))?.outcome;
        if (!outcome) continue;
        const undone = {
          none: defers.length > 0 ? "compensated" : "no-handler",
          works: "compensated",
          slow: "compensated",
          fails: "failed",
        };
        const expected = settled === "landed" ? ["adopted", undone[undo]] : ["rejected"];
        assert(expected.includes(outcome), `${idOf(attempt)} is reported as ${outcome}`);
      }
    }, ({ late }) => [...late.values()].filter(({ outcome }) => outcome === "failed").length),
  );

  it(
    "are the step's success when they land before the step is decided, and are undone with the run",
    holdsFor((story) => {
      const { world, result, late } = story;
      assertEquals(world.mistakes.filter((mistake) => mistake.includes("landed")), []);
      for (const attempt of world.attempts) {
        if (late.get(idOf(attempt))?.outcome !== "adopted") continue;
        const { undone } = world.effects.get(idOf(attempt))!;
        assert(
          result.success ? isKept(story, attempt) : undone === 1 || attempt.leaf.undo === "none",
        );
      }
    }, ({ late }) => [...late.values()].filter(({ outcome }) => outcome === "adopted").length),
  );

  it(
    "have another key than the previous one if and only if something under that was undone or is due",
    holdsFor(
      ({ world }) => assertEquals(world.mistakes.filter((mistake) => mistake.includes("foll")), []),
      ({ world }) => world.attempts.filter(({ key }) => key.includes("~")).length,
    ),
  );

  it(
    "are listed in the rollback report when the run knew of them in time",
    holdsFor((story) => {
      const { world, result, late } = story;
      const names = listed(story);
      for (const path of new Set(world.attempts.map(({ path }) => path))) {
        const mine = [...world.effects].filter(([id, { attempt, hasUndo }]) => {
          return hasUndo && attempt.path === path && id === idOf(attempt);
        });
        const inTime = mine.filter(([id, { attempt }]) => {
          return (!late.has(id) || late.get(id)?.outcome === "adopted") && !isKept(story, attempt);
        });
        const inReport = names.filter((name) => name === path).length;
        assertLessOrEqual(inReport, result.success ? 0 : mine.length, path);
        if (!result.success) assertLessOrEqual(inTime.length, inReport, path);
      }
      if (result.success) return;
      const failing = world.attempts.filter(({ leaf }) => leaf.undo === "fails");
      for (const { step } of result.rollback.failed) {
        assert(failing.some(({ path }) => path === step), `${step} failed`);
      }
    }, (story) => listed(story).length),
  );

  it(
    "are listed in the rollback report when they land within their grace period",
    holdsFor((story) => {
      if (story.result.success) return;
      for (const { path } of inGrace(story)) assert(listed(story).includes(path), path);
    }, (story) => story.result.success ? 0 : inGrace(story).length),
  );

  it(
    "do not overlap with a retry if they must not, and are undone before it",
    holdsFor(
      ({ world }) => assertEquals(world.mistakes, []),
      ({ world, late }) =>
        world.attempts.filter((attempt) => {
          const { nth, path, leaf: { overlap } } = attempt;
          return overlap === "never" && nth > 1 && late.has(`${path}@${nth - 1}`);
        }).length,
    ),
  );

  it(
    "of an undo are reported once each, and the undo does not run again",
    holdsFor(({ world }) => {
      const reports = world.reports.filter(({ undo }) => undo);
      assertEquals(reports.map(({ step }) => step).sort(), [...world.slowUndos].sort());
      for (const { attempt, outcome } of reports) {
        assertEquals([attempt, outcome], [1, "compensated"]);
      }
    }, ({ world }) => world.slowUndos.length),
  );

  it(
    "are undone through the host under unique ids",
    holdsFor(
      ({ world: { ids } }) => assertEquals(ids.length, new Set(ids).size, ids.join(" ")),
      ({ world: { ids }, late }) => late.size > 0 ? ids.length : 0,
    ),
  );
});

/** Attempts with an undo that landed within their grace period without an earlier abort. */
function inGrace({ world, scenario }: Story): readonly Attempt[] {
  const isBounded = scenario.abortAt !== undefined ||
    JSON.stringify(scenario.root).match(/"kind":"p\w+","timeout"/);
  if (isBounded) return [];
  return world.attempts.filter((attempt) => {
    return landsInGrace(attempt) && attempt.settled === "landed" && attempt.leaf.undo !== "none";
  });
}
