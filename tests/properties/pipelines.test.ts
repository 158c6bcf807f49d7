import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { RecordingHost, ReorderingHost, ReplayingHost, SuspendingHost } from "../support/hosts.ts";
import { predict, type Story } from "../support/model.ts";
import { Play } from "../support/play.ts";
import { property } from "../support/property.ts";
import { bare, flatten, type Plan, type Scenario, scenarios } from "../support/random_pipeline.ts";

/**
 * Plays the single run of a scenario; `due` are the undos due within it, `dueLate` those outside
 * it.
 */
async function playOne({ root, plans }: Scenario) {
  const [plan] = plans as [Plan];
  const play = new Play(root);
  const story = await play.run(plan, "r0");
  return { story, ...play.dueIn("r0"), predicted: predict(root, plan, "r0") };
}

const isUndo = (line: string) => line.startsWith("undo ");

/** The keys of called undos, once each for all attempts. */
function undone({ log }: Story): string[] {
  return log.filter(isUndo).map((line) => line.split(" ")[1]!).filter((key) => key.endsWith("@1"))
    .map((key) => key.slice(0, -"@1".length));
}

/** The name in a report of the undo with a key, which starts with the pipeline's name. */
function reported(key: string): string {
  const id = key.slice(key.indexOf("/") + 1).replace(/^@\d+\//, "").replaceAll(/@\d+\//g, "/");
  return id.includes("!defer") ? id.replace(/@.*/, " (deferred)") : id.replace("!undo", "");
}

describe("a random pipeline", () => {
  it("never rejects, and has the result of the model (invariant 1)", () =>
    property(scenarios(1), async (scenario) => {
      const { story, predicted } = await playOne(scenario);
      const { log: _log, completed: _completed, failed: _failed, ...result } = story;
      const { log: _log2, completed: _completed2, failed: _failed2, ...expected } = predicted;
      assertEquals(result, expected);
    }));

  it("calls the user's code as often as the model, with the same arguments", () =>
    property(scenarios(1), async (scenario) => {
      const { story, predicted } = await playOne(scenario);
      const runs = ({ log }: Story) => log.filter((line) => !isUndo(line));
      assertEquals(runs(story), runs(predicted));
    }));

  it("undoes every effect exactly once when it fails, and nothing else (invariant 2)", () =>
    property(scenarios(1), async (scenario) => {
      const { story, due, dueLate, predicted } = await playOne(scenario);
      assertEquals(undone(story).sort(), undone(predicted).sort());
      if (!story.success) assertEquals(undone(story).sort(), [...due, ...dueLate].sort());
    }));

  it("undoes in reverse order, and before the next attempt (invariant 3)", () =>
    property(scenarios(1), async (scenario) => {
      const { story, predicted } = await playOne(scenario);
      const order = ({ log }: Story) => log.map((line) => line.split(" ", 2).join(" "));
      assertEquals(order(story), order(predicted));
    }));

  it("gives a handler exactly the context and output of its run (invariant 4)", () =>
    property(scenarios(1), async (scenario) => {
      const { story, predicted } = await playOne(scenario);
      const handled = ({ log }: Story) => log.filter(isUndo).sort();
      assertEquals(handled(story), handled(predicted));
    }));

  it("reports every handler that was due, completed or failed (invariant 5)", () =>
    property(scenarios(1), async (scenario) => {
      const { story, due, predicted } = await playOne(scenario);
      assertEquals(story.completed, predicted.completed);
      assertEquals(story.failed, predicted.failed);
      if (story.success) return;
      const failed = story.failed.map((line) => line.split(": ")[0]!);
      assertEquals([...story.completed, ...failed].sort(), due.map(reported).sort());
    }));

  it("behaves in concurrent runs as it does alone (invariant 6)", () =>
    property(scenarios(3), async ({ root, plans }) => {
      const play = new Play(root);
      const together = await Promise.all(plans.map((plan, n) => play.run(plan, `r${n}`)));
      const alone = plans.map((plan, n) => predict(root, plan, `r${n}`));
      assertEquals(together, alone);
    }));

  it("behaves the same in whatever order a host makes concurrent calls (invariant 6)", async () => {
    let most = 0;
    const cases = fc.tuple(scenarios(3), fc.nat());
    await property(cases, async ([{ root, plans }, seed]) => {
      const play = new Play(root);
      const host = new ReorderingHost(seed);
      const together = await Promise.all(plans.map((plan, n) => play.run(plan, `r${n}`, { host })));
      assertEquals(together, plans.map((plan, n) => predict(root, plan, `r${n}`)));
      most = Math.max(most, host.most);
    });
    assert(most > 1, "nothing was reordered");
  });

  it("leaves the args and the outputs of steps unchanged (invariant 7)", () =>
    property(scenarios(1), async ({ root, plans }) => {
      const play = new Play(root);
      await play.run(plans[0]!, "r0");
      play.checkBelongings("r0");
    }));

  it("has the same data and order when its nested pipelines are flattened (invariant 8)", () =>
    property(scenarios(1), async ({ root, plans }) => {
      const nested = bare(root);
      const [plan] = plans as [Plan];
      const deep = await new Play(nested).run(plan, "r0");
      const flat = await new Play(flatten(nested)).run(plan, "r0");
      assertEquals(withoutPaths(deep), withoutPaths(flat));
    }));

  it("has the same result when it is replayed from its record, and starts nothing again", () =>
    property(scenarios(1, { aborts: true }), async ({ root, plans }) => {
      const [plan] = plans as [Plan];
      const play = new Play(root);
      const recording = new RecordingHost();
      const first = await play.run(plan, "r0", { host: recording });
      const replaying = new ReplayingHost(recording.outcomes);
      const second = await play.run(plan, "r0", { host: replaying });
      assertEquals(second, { ...first, log: [] });
      assertEquals(replaying.unused, []);
    }));

  it("has the same result when it is suspended anywhere and resumed, each effect once", () => {
    const cases = fc.tuple(scenarios(1, { aborts: true, defers: true }), fc.nat({ max: 99 }));
    return property(cases, async ([{ root, plans }, any]) => {
      const [plan] = plans as [Plan];
      const whole = await new Play(root).run(plan, "r0");
      if (whole.log.length === 0) return;
      const at = any % whole.log.length;
      const play = new Play(root);
      const before = new RecordingHost();
      const suspending = new SuspendingHost(before, (_id, nth) => nth === at);
      const reason = await assertRejects(() => play.run(plan, "r0", { host: suspending }));
      assertStrictEquals(reason, suspending.reason);
      assertEquals(suspending.after, []);
      const began = play.logOf("r0");
      const resumed = await play.run(plan, "r0", { host: new RecordingHost(before.outcomes) });
      assertEquals({ ...resumed, log: [...began, ...resumed.log] }, whole);
    });
  });
});

/** The events of steps, regardless of their nesting. */
function withoutPaths({ stepsExecuted: _, failedStep: _2, ...story }: Story): Story {
  const path = /\b(?:[stu](?:#\d+)?\/)*[stu](?:#\d+)?(?=[@!~: "])/g;
  return JSON.parse(JSON.stringify(story).replaceAll(path, "step"));
}
