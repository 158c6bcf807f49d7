import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, map, parallel, pipeline, step, typed, when } from "@runsheet/runsheet";
import { describe as describeFlow, type Described } from "@runsheet/runsheet/graph";
import { everything, idle } from "../support/flows.ts";

function partsOf(part: Described): Described[] {
  return [part, ...(part.children ?? []).flatMap(partsOf)];
}

/** A described part, by its path. */
function partAt(path: string, described: Described = describeFlow(everything)): Described {
  const found = partsOf(described).find((part) => part.path === path);
  if (!found) throw new Error(`Cannot find '${path}'`);
  return found;
}

describe("describe", () => {
  it("returns a step's policies, undos and keys, without its functions", () => {
    assertEquals(partAt("charge"), {
      kind: "step",
      name: "charge",
      path: "charge",
      policy: { retry: { count: 3, delay: 20 }, timeout: 50 },
      rollback: true,
      undoByKey: false,
      needs: ["amount"],
      adds: ["chargeId"],
    });
  });

  it("returns the kinds of all parts, in order", () => {
    assertEquals(
      describeFlow(everything).children?.map(({ kind }) => kind).join(" "),
      "step step step when choice parallel map map filter flatMap distribute fallback pipeline",
    );
  });

  it("returns paths as in reports, without the indexes of items", () => {
    assertEquals(partsOf(describeFlow(everything)).map(({ path }) => path), [
      "",
      "charge",
      "log",
      "log#2",
      "when(notify)",
      "when(notify)/notify",
      "choice(card, bank, cash)",
      "choice(card, bank, cash)/card",
      "choice(card, bank, cash)/bank",
      "choice(card, bank, cash)/cash",
      "parallel(ship, mail)",
      "parallel(ship, mail)/ship",
      "parallel(ship, mail)/mail",
      "parallel(ship, mail)/mail/write",
      "parallel(ship, mail)/mail/when(send)",
      "parallel(ship, mail)/mail/when(send)/send",
      "map(labels)",
      "map(mails)",
      "map(mails)/mail",
      "filter(open)",
      "flatMap(lines)",
      "distribute(reports)",
      "distribute(reports)/report",
      "fallback(live, cached)",
      "fallback(live, cached)/live",
      "fallback(live, cached)/cached",
      "nothing",
    ]);
  });

  it("gives a step that is described alone the path of its run", () => {
    assertEquals(describeFlow(idle("a/b")).path, "a%2Fb");
    assertEquals(partAt("when(a)/a", describeFlow(when(() => true, idle("a")))).name, "a");
  });

  it("returns the limits of groups, collections and pipelines", () => {
    assertEquals(partAt("").policy, { timeout: 5_000 });
    assertEquals(partAt("parallel(ship, mail)").policy, { concurrency: 2 });
    assertEquals(partAt("map(labels)").policy, { concurrency: 4 });
    assertEquals(partAt("map(mails)").policy, { onFailure: "collect" });
    assertEquals(partAt("filter(open)").policy, undefined);
  });

  it("distinguishes an undo by key from a rollback", () => {
    const { rollback, undoByKey } = partAt("parallel(ship, mail)/ship");
    assertEquals([rollback, undoByKey], [false, true]);
    assertEquals("rollback" in partAt("parallel(ship, mail)"), false);
  });

  it("returns the names of predicates, and none for the default branch", () => {
    assertEquals(partAt("when(notify)").predicates, ["isLarge"]);
    assertEquals(partAt("choice(card, bank, cash)").predicates, ["isLarge", ""]);
    assertEquals("predicates" in partAt("charge"), false);
  });

  it("leaves out what JSON cannot express: functions, Infinity, and keys that are unknown", () => {
    const stubborn = step({
      name: "stubborn",
      provides: typed<{ any: number }>(),
      retry: { count: Infinity, delay: () => 5, maxDelay: 100 },
      run: () => ({ any: 1 }),
    });
    const flow = pipeline({
      name: "flow",
      steps: [stubborn, parallel.with({ concurrency: Infinity })(idle("a"))],
    });
    const described = describeFlow(flow);
    assertEquals(partAt("stubborn", described).policy, { retry: { maxDelay: 100 } });
    assertEquals("adds" in partAt("stubborn", described), false);
    assertEquals(partAt("parallel(a)", described).policy, undefined);
    assertEquals(JSON.parse(JSON.stringify(described)), described);
  });

  it("is equal to its JSON, whatever it describes", () => {
    const described = describeFlow(everything);
    assertEquals(JSON.parse(JSON.stringify(described)), described);
  });

  it("returns no children for a collection that calls a function", () => {
    assertEquals("children" in describeFlow(map("n", () => [1], (n: number) => n)), false);
  });

  it("refuses anything that is not a step", () => {
    assertThrows(
      () => describeFlow({ name: "no step" } as never),
      ConfigError,
      "Cannot describe a step as 'step' must be a step: current value is",
    );
  });
});
