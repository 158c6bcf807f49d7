// No observer changes a run, whatever it does; its first fault in a run is printed.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { parallel, pipeline, step } from "@runsheet/runsheet";
import { all, events, observe } from "@runsheet/runsheet/observe";
import { printedBy } from "../support/console.ts";
import { hostileObservers } from "../support/hostile_observers.ts";
import { spawnScript } from "../support/spawn.ts";
import { boom, logged } from "../support/steps.ts";

describe("an observer that does wrong", () => {
  it("changes no run, and prints its first fault in each, and leaves no error unhandled", async () => {
    const { stdout, stderr, code } = await spawnScript("hostile_observers", ["20"]);
    assertEquals(stderr, "");
    const expected = Object.keys(hostileObservers)
      .map((name) => `${name}: as without it, 0 too many, 0 unhandled`);
    assertEquals([stdout.trim().split("\n"), code], [expected, 0]);
  });
});

describe("the fault of an observer", () => {
  const p = pipeline({
    name: "p",
    steps: [logged("a", []), parallel(logged("b", []), logged("c", []))],
  });
  const bad = () =>
    observe(({ kind }) => {
      if (kind === "attempt") throw boom;
    });
  const notPrinted = "and its later faults in this run are not printed: Error: boom";
  const first = `An observer of run 'r' failed at attempt 'a', ${notPrinted}`;

  it("is printed once in each run, with its place and the error", async () => {
    const observer = bad();
    const { lines } = await printedBy(async () => {
      await p.run({}, { observer, runId: "r" });
      await p.run({}, { observer, runId: "next" });
    }, "error");
    assertEquals(lines, [first, first.replace("'r'", "'next'")]);
  });

  it("is printed for each observer that has one, even if they are combined", async () => {
    const observer = all(bad(), observe(() => {}), bad());
    const { lines } = await printedBy(() => p.run({}, { observer, runId: "r" }), "error");
    assertEquals(lines, [first, first]);
  });

  it("is printed once for a run and the runs that its steps start with their info", async () => {
    const inner = pipeline({ name: "inner", steps: [logged("b", [])] });
    const outer = step({ name: "a", run: async (_ctx, info) => void await inner.run({}, info) });
    const { lines } = await printedBy(
      () => outer.run({}, { observer: bad(), runId: "r" }),
      "error",
    );
    assertEquals(lines, [first]);
  });

  it("leaves a listener of events the ones that follow, whether it throws or rejects", async () => {
    for (
      const fault of [() => {
        throw boom;
      }, () => Promise.reject(boom)]
    ) {
      const seen: string[] = [];
      const observer = events(({ type, kind, path }) => {
        seen.push(`${type} ${kind} ${path}`);
        if (type === "start") return fault() as never;
      });
      const { lines } = await printedBy(
        () => logged("a", []).run({}, { observer, runId: "r" }),
        "error",
      );
      assertEquals(lines, [first.replace("attempt", "run")]);
      assertEquals(seen, ["start run a", "start attempt a", "end attempt a", "end run a"]);
    }
  });

  it("changes no run even if the console throws", async () => {
    const usual = console.error;
    console.error = () => {
      throw boom;
    };
    try {
      assert((await p.run({}, { observer: bad() })).success);
    } finally {
      console.error = usual;
    }
  });
});
