import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { isRunsheetError, map, parallel, pipeline, step, when } from "@runsheet/runsheet";
import {
  assertCompensated,
  ledger,
  type LedgerEntry,
  sweep,
  type SweepOptions,
} from "@runsheet/runsheet/testing";
import { delay } from "@std/async/delay";
import { cleanups } from "../support/cleanup.ts";
import { outcomes, sweepRobust } from "../support/sweeps.ts";

/** The effects in place of a fake with its own books. */
function entries(effect: string, ids: Iterable<unknown>): LedgerEntry[] {
  return [...ids].map((id) => ({ effect, id: String(id), amount: 1 }));
}

const aftermath = "left failed differs hangs";

describe("a sweep", () => {
  const { fakeTime } = cleanups();

  it("tries every fault in every step, attempt and undo, and finds nothing in a correct pipeline", async () => {
    const report = await sweepRobust();
    assertCompensated(report);
    assertEquals(outcomes(report), [
      "checkout: end compensated",
      "reserve@1: before compensated",
      "reserve@1: after compensated",
      "reserve@1: invalid compensated",
      "reserve@1: abort compensated",
      "reserve@1!effect1: before compensated",
      "reserve@1!effect1: after compensated",
      "reserve@1!effect1: late compensated",
      "reserve@1!effect1: overtaken compensated",
      "charge@1: before compensated",
      "charge@2: before compensated",
      "charge@2: after compensated",
      "charge@2: late compensated",
      "charge@2: invalid compensated",
      "charge@2: abort compensated",
      "charge@2!effect1: before compensated",
      "charge@2!effect1: after compensated",
      "charge@2!effect1: late compensated",
      "charge@2!effect1: overtaken compensated",
      "charge@1: after compensated",
      "charge@1: late compensated",
      "charge@1: invalid compensated",
      "charge@1: abort compensated",
      "charge@1!effect1: before compensated",
      "charge@1!effect1: after compensated",
      "charge@1!effect1: late compensated",
      "charge@1!effect1: overtaken compensated",
      "charge@1!defer1: before compensated",
      "charge@1!defer1@2: before reported",
      "charge@1!defer1@2: after compensated",
      "charge@1!defer1@2: hang compensated",
      "charge@1!defer1: after compensated",
      "charge@1!defer1: hang compensated",
      "reserve@1!defer1: before reported",
      "reserve@1!defer1: after compensated",
      "reserve@1!defer1: hang compensated",
    ]);
  });

  it("takes no time, whatever the timeouts and waits are", async () => {
    const time = fakeTime();
    let isOver = false;
    sweepRobust().then(() => isOver = true);
    for (let turn = 0; turn < 100 && !isOver; turn++) await time.tickAsync();
    assert(isOver);
  });

  it("gives the same every time", async () => {
    const [one, two] = [await sweepRobust(), await sweepRobust()];
    assertEquals(JSON.stringify(one), JSON.stringify(two));
    assertEquals(String(one), String(two));
  });

  it("counts its runs: two if the run survives the fault, and two to begin with", async () => {
    const { rows, runs } = await sweepRobust();
    const survived = rows.filter((row) => row.survived).map(({ id, fault }) => `${id}: ${fault}`);
    assertEquals(survived, [
      "checkout: end",
      "charge@1: before",
      "charge@1: after",
      "charge@1: late",
      "charge@1!effect1: before",
      "charge@1!effect1: after",
      "charge@1!effect1: late",
      "charge@1!effect1: overtaken",
    ]);
    assertEquals(runs, 2 + (rows.length - 1) + 7);
  });

  it("makes a step time out as its own timeout does, and it lands late", async () => {
    const errors: unknown[] = [];
    const signals: unknown[] = [];
    let end = () => {};
    const first = step({
      name: "first",
      run: () => {},
      rollback: { run: () => end(), timeout: 9 },
    });
    const slow = step({
      name: "slow",
      timeout: 123,
      run: async (_ctx, { signal }) => {
        await Promise.resolve();
        signals.push(signal.reason);
        if (signal.aborted) await new Promise<void>((resolve) => end = resolve);
        return { id: 1 };
      },
      rollback: { run: (_ctx, output, { error }) => errors.push([output, error]), timeout: 9 },
    });
    const one = pipeline({ name: "p", steps: [first, slow] });
    await sweep(one, {}, { only: "slow@1: late" });
    const [, , reason] = signals;
    assert(isRunsheetError(reason, "TIMEOUT") && reason.timeoutMs === 123);
    assertEquals(errors.at(-1), [{ id: 1 }, reason]);
  });

  it("makes the run fail at its end if a late attempt becomes the step's success", async () => {
    const undone: unknown[] = [];
    const slow = step({
      name: "slow",
      timeout: 123,
      run: () => Promise.resolve({ id: 1 }),
      rollback: { run: (_ctx, output) => undone.push(output), timeout: 9 },
    });
    const setup = () => undone.splice(0);
    const one = pipeline({ name: "p", steps: [slow] });
    const { rows } = await sweep(one, {}, { setup, only: "slow@1: late" });
    assertEquals(rows.map(({ survived, outcome }) => [survived, outcome]), [[true, "compensated"]]);
    assertEquals(undone, [{ id: 1 }]);
  });

  it("holds back the undo of a late attempt until everything else is done", async () => {
    const log: string[] = [];
    let end = () => {};
    const slow = step({
      name: "slow",
      timeout: 123,
      retry: { count: 1 },
      run: async (_ctx, { attempt, signal }) => {
        await Promise.resolve();
        if (signal.aborted) await new Promise<void>((resolve) => end = resolve);
        log.push(`do ${attempt}`);
        return { attempt };
      },
      rollback: { run: (_ctx, { attempt }) => log.push(`undo ${attempt}`), timeout: 9 },
    });
    const next = step({
      name: "next",
      run: () => {
        log.push("next");
        end();
      },
    });
    const setup = () => log.splice(0);
    await sweep(pipeline({ name: "p", steps: [slow, next] }), {}, { setup, only: "slow@1: late" });
    assertEquals(log, ["do 2", "next", "do 1", "undo 2", "undo 1"]);
  });

  it("gives the rollback everything that the step returned when it makes the output invalid", async () => {
    const seen: unknown[] = [];
    const charge = step({
      name: "charge",
      run: () => ({ id: "ch_1" }),
      rollback: (_ctx, output) => seen.push({ ...output }),
    });
    const one = pipeline({ name: "p", steps: [charge] });
    const { rows } = await sweep(one, {}, { only: "charge@1: invalid" });
    assertEquals(seen.at(-1), { id: "ch_1" });
    assertEquals(rows[0]?.survived, false);
  });

  it("goes into items, predicates and branches, even if the run continues without an item", async () => {
    const counts = new Set<number>();
    const books = ledger(() => entries("count", counts));
    const write = step({
      name: "write",
      run: async ({ line }: { line: string }, { defer }) => {
        defer({ run: () => books.forbid("line", line), timeout: 9 });
        await books.add("line", line);
      },
    });
    const count = map("counts", () => [1, 2], (n, _ctx, { defer }) => {
      defer(() => counts.delete(n));
      counts.add(n);
      return n;
    });
    const one = pipeline({
      name: "p",
      steps: [
        map("lines", () => ["a", "b"], write, { as: "line", onFailure: "collect" }),
        parallel(count, when(() => true, step({ name: "log", run: () => {} }))),
      ],
    });
    const report = await sweep(one, {}, { ledger: books, setup: () => counts.clear() });
    assertCompensated(report);
    const group = "parallel(map(counts), when(log))";
    const ids = [...new Set(report.rows.map(({ id }) => id))];
    assertEquals(ids, [
      "p",
      "map(lines)[0]/write@1",
      "map(lines)[0]/write@1!effect1",
      "map(lines)[1]/write@1",
      "map(lines)[1]/write@1!effect1",
      `${group}/map(counts)[0]`,
      `${group}/map(counts)[1]`,
      `${group}/when(log)?`,
      `${group}/when(log)/log@1`,
      `${group}/map(counts)[1]@1!defer1`,
      `${group}/map(counts)[0]@1!defer1`,
      "map(lines)[1]/write@1!defer1",
      "map(lines)[0]/write@1!defer1",
    ]);
    const survivors = report.rows.filter(({ survived, fault }) => survived && fault !== "end");
    assertEquals(survivors.map(({ path }) => path), [
      ...Array(5).fill("map(lines)[0]/write"),
      ...Array(5).fill("map(lines)[1]/write"),
    ]);
    const impossible = report.rows.filter(({ outcome }) => outcome === "impossible");
    assertEquals(impossible.map(({ fault }) => fault), ["hang", "hang"]);
  });

  it("allows only the effects of the undo that it made fail to be left", async () => {
    const books = ledger();
    const two = ["a", "b"].map((name) =>
      step({
        name,
        run: () => books.add(name, 1),
        // The second step's undo does what the first one's should.
        rollback: async () => {
          if (name === "b") await Promise.all([books.remove("a", 1), books.remove("b", 1)]);
        },
      })
    );
    const one = pipeline({ name: "p", steps: two });
    const report = await sweep(one, {}, {
      ledger: books,
      only: ["a!undo: before", "b!undo: before"],
    });
    assertEquals(outcomes(report), ["b!undo: before reported", "a!undo: before compensated"]);
  });

  it("throws the error that 'error' returns, for steps that inspect their errors", async () => {
    const picky = step({
      name: "picky",
      retry: { count: 1, retryIf: (errors) => errors.at(-1) instanceof RangeError },
      run: () => {},
    });
    const one = pipeline({ name: "p", steps: [picky] });
    const ids = async (
      options: SweepOptions,
    ) => [...new Set((await sweep(one, {}, options)).rows.map(({ id }) => id))];
    assertEquals(await ids({}), ["p", "picky@1"]);
    const error = ({ id }: { id: string }) => new RangeError(id);
    assertEquals(await ids({ error }), ["p", "picky@1", "picky@2"]);
  });

  it("begins every run with clean fakes: setup, and args from a factory", async () => {
    let setups = 0;
    let factories = 0;
    const once = step({
      name: "once",
      run: ({ stock }: { stock: string[] }) => {
        if (!stock.pop()) throw new Error("out of stock");
      },
    });
    const { runs } = await sweep(pipeline({ name: "p", steps: [once] }), () => {
      assertEquals(++factories, setups);
      return Promise.resolve({ stock: ["one"] });
    }, { setup: () => Promise.resolve(setups++) });
    assertEquals([setups, factories], [runs, runs]);
  });

  it("sweeps any step, not only pipelines", async () => {
    const books = ledger();
    const charge = step({ name: "charge", run: () => books.add("charge") });
    const report = await sweep(charge, {}, { ledger: books, faults: ["end"] });
    assertEquals(outcomes(report), ["charge: end left"]);
  });

  it("shows a table, with one line for all faults of a call with the same outcome", async () => {
    const table = String(
      await sweepRobust({ only: ["checkout: end", "charge@1", "reserve@1!defer1"] }),
    );
    assertEquals(table.split("\n"), [
      "checkout: 13 cases in 21 runs, 12 compensated, 1 reported",
      "",
      "outcome      faults                               call",
      "compensated  end                                  checkout",
      "compensated  before, after, late, invalid, abort  charge@1",
      "compensated  before, after, late, overtaken       charge@1!effect1",
      "reported     before                               reserve@1!defer1",
      "  reservation tea is left, by 'reserve'",
      "compensated  after, hang                          reserve@1!defer1",
    ]);
  });

  it("shows a table that fits a terminal, whatever the names are", async () => {
    const books = ledger();
    const name = "a step whose name says all that there is to say of it, and more";
    const id = "and an id that is as long as ids are which a service makes up";
    const long = step({ name, run: () => books.add("charge", id) });
    const pages = parallel(
      map("pages", () => [1, 2], long, { as: "page" }),
      step({ name: "log", run: () => {} }),
    );
    const lines = String(await sweep(pages, {}, { ledger: books })).split("\n");
    assertEquals(Math.max(...lines.map(({ length }) => length)), 80);
    assert(lines.some((line) => line.endsWith("and more@1!effect1")));
  });
});

describe("a sweep without a ledger", () => {
  const timeout = 1_000;
  const undoable = (name: string, retried = false) =>
    step({
      name,
      run: async (_ctx, { defer }) => {
        await Promise.resolve();
        if (retried) defer(() => {});
      },
      rollback: { run: () => {}, timeout },
    });

  it("counts every attempt of a step that has an undo as an effect", async () => {
    const one = pipeline({ name: "p", steps: [undoable("a"), undoable("b", true)] });
    const report = await sweep(one, {});
    const bugs = report.rows.filter(({ outcome }) => aftermath.includes(outcome));
    assertEquals(bugs.map(({ id, fault }) => `${id}: ${fault}`), ["a@1: after"]);
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "effect of a@1 is left, by 'a'");
  });

  it("finds an undo that fails", async () => {
    const broken = step({
      name: "broken",
      run: () => {},
      rollback: () => {
        throw new Error("no route");
      },
    });
    const report = await sweep(pipeline({ name: "p", steps: [broken] }), {}, { faults: ["end"] });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "the undo of 'broken' failed: no route");
  });

  it("counts a late success that becomes the step's as an effect", async () => {
    const broken = step({
      name: "broken",
      timeout,
      graceMs: timeout,
      run: () => delay(1),
      rollback: {
        run: () => {
          throw new Error("stuck");
        },
        timeout,
      },
    });
    const { rows } = await sweep(broken, {}, { only: "broken@1: late" });
    assertEquals(rows.map(({ outcome, left }) => [outcome, left[0]?.id]), [["left", "broken@1"]]);
  });

  it("sees the undos of late attempts, and those that fail", async () => {
    const landing = (rollback: () => void) =>
      pipeline({
        name: "p",
        steps: [step({
          name: "slow",
          timeout,
          run: () => delay(1),
          rollback: { run: rollback, timeout },
        })],
      });
    const only = "slow@1: late";
    assertEquals(outcomes(await sweep(landing(() => {}), {}, { only })), [`${only} compensated`]);
    const stuck = landing(() => {
      throw new Error("stuck");
    });
    const { rows } = await sweep(stuck, {}, { only });
    assertEquals(rows[0]?.outcome, "left");
    assertEquals(rows[0]?.failed.map(({ step }) => step), ["slow"]);
  });
});
