import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, map, pipeline, step, when } from "@runsheet/runsheet";
import { sweep, type SweepOptions } from "@runsheet/runsheet/testing";
import { never } from "../support/deferred.ts";
import { cleanups } from "../support/cleanup.ts";
import { fail } from "../support/steps.ts";
import { outcomes, sweepRobust } from "../support/sweeps.ts";

describe("the cases that a sweep runs", () => {
  it("are chosen by 'faults', 'only' and 'except', with ids, paths, and indexes or none", async () => {
    const write = step({ name: "write", run: (_: { line: string }) => {}, rollback: () => {} });
    const one = pipeline({
      name: "p",
      steps: [map("lines", () => ["a", "b"], write, { as: "line" })],
    });
    const cases = async (options: SweepOptions) => {
      const { rows } = await sweep(one, {}, options);
      return rows.map(({ id, fault }) => `${id.replace("map(lines)", "")}: ${fault}`);
    };
    assertEquals(await cases({ faults: ["invalid", "hang"] }), [
      "[0]/write@1: invalid",
      "[1]/write@1: invalid",
      "[1]/write!undo: hang",
      "[0]/write!undo: hang",
    ]);
    assertEquals(await cases({ only: "map(lines)/write: before" }), [
      "[0]/write@1: before",
      "[1]/write@1: before",
    ]);
    assertEquals(await cases({ only: "map(lines)[1]/write", except: ["map(lines)/write@1"] }), [
      "[1]/write!undo: before",
      "[1]/write!undo: after",
      "[1]/write!undo: hang",
    ]);
    assertEquals(await cases({ only: "map(lines)[1]/write!undo: after" }), [
      "[1]/write!undo: after",
    ]);
    assertEquals(
      (await cases({ except: "map(lines)/write: after" })).includes("[0]/write!undo: after"),
      true,
    );
  });

  it("may be only a later attempt", async () => {
    const only = "charge@2: late";
    assertEquals(outcomes(await sweepRobust({ only })), [`${only} compensated`]);
  });

  it("are the first ten attempts of a step that is retried endlessly", async () => {
    const endless = { retry: { count: Infinity } };
    const one = step({
      name: "s",
      ...endless,
      run: () => {},
      rollback: { ...endless, run: () => {} },
    });
    const { rows } = await sweep(pipeline({ name: "p", steps: [one] }), {}, { faults: ["before"] });
    assertEquals(rows.map(({ id }) => id), [
      ...Array.from({ length: 10 }, (_, n) => `s@${n + 1}`),
      ...Array.from({ length: 10 }, (_, n) => n === 0 ? "s!undo" : `s!undo@${n + 1}`),
    ]);
    assert(rows.every(({ outcome }) => outcome === "compensated"));
  });

  it("are bounded", async () => {
    await assertRejects(
      () => sweepRobust({ maxCases: 5 }),
      ConfigError,
      "Cannot sweep 'checkout' as its cases must be no more than 'maxCases', 5, or it must take a 'sample': current value is 24",
    );
    const many = map("lines", () => Array(400).keys(), () => {});
    await assertRejects(() => sweep(many, {}), ConfigError, "'maxCases', 1000");
    await sweepRobust({ maxCases: 36 });
  });

  it("may be a sample, which its seed reproduces", async () => {
    const many = pipeline({ name: "p", steps: [map("lines", () => Array(300).keys(), () => {})] });
    const cases = async (seed: number) =>
      outcomes(await sweep(many, {}, { sample: { count: 5, seed } }));
    const one = await cases(1);
    assertEquals(one.length, 5);
    assertEquals(await cases(1), one);
    assert((await cases(2)).join() !== one.join());
    const places = one.map((text) => Number(/\d+/.exec(text)));
    assertEquals(places, [...places].sort((a, b) => a - b));
  });

  it("must be known", async () => {
    await assertRejects(
      () => sweepRobust({ only: "chrage@1" }),
      ConfigError,
      "Cannot sweep 'checkout' as 'only' and 'except' must name one of its calls [checkout, reserve@1, reserve@1!effect1, charge@1",
    );
    await assertRejects(() => sweepRobust({ except: "reserve: hang" }), ConfigError, "and a fault");
  });
});

describe("a sweep refuses", () => {
  const { fakeTime } = cleanups();

  it("a pipeline that fails without any fault", async () => {
    const one = pipeline({ name: "p", steps: [fail] });
    const error = await assertRejects(() => sweep(one, {}), ConfigError);
    assertEquals(
      error.message,
      "Cannot sweep 'p' as its run must succeed where nothing goes wrong: it failed in 'fail': Error: boom",
    );
    assertEquals((error.cause as Error).message, "boom");
  });

  it("a pipeline that does not end without any fault", async () => {
    const one = step({ name: "stuck", run: never });
    await assertRejects(
      () => sweep(one, {}, { patience: 10 }),
      ConfigError,
      "it does not end, [stuck@1] never settles",
    );
  });

  it("to wait again for an undo that has never settled", async () => {
    const time = fakeTime();
    const stuck = step({ name: "stuck", run: () => {}, rollback: never });
    const logs = Array.from({ length: 9 }, () => step({ name: "log", run: () => {} }));
    const p = pipeline({ name: "p", steps: [stuck, ...logs] });
    let isOver = false;
    const sweeping = sweep(p, {}, { patience: 300 }).finally(() => isOver = true);
    while (!isOver) await time.nextAsync();
    const { rows } = await sweeping;
    assert(rows.filter(({ outcome }) => outcome === "hangs").length > 30);
    assertEquals(time.now - time.start, 300);
  });

  it("a pipeline whose runs differ", async () => {
    let runs = 0;
    const log = step({ name: "log", run: () => {} });
    const one = pipeline({ name: "p", steps: [when(() => runs++ < 2, log)] });
    await assertRejects(
      () => sweep(one, {}, { faults: ["after"] }),
      ConfigError,
      `its runs must be alike: a call was made in one run, and not in another: current value is "when(log)/log@1"`,
    );
  });

  const wrong: Record<string, [unknown, string]> = {
    "an unknown option": [{ fault: 1 }, "its options must be among"],
    "books without left": [{ ledger: { clear() {} } }, "'ledger.left' must be a function"],
    "a setup that is not a function": [{ setup: 1 }, "'setup' must be a function"],
    "an error that is not a function": [{ error: new Error() }, "'error' must be a function"],
    "an unknown fault": [{ faults: ["slow"] }, "'faults' must be among before, after"],
    "a pattern that is not a string": [{ only: [1] }, "'only' must be a string or several"],
    "no cases": [{ maxCases: 0 }, "'maxCases' must be a positive integer"],
    "no patience": [{ patience: 1.5 }, "'patience' must be a positive integer"],
    "a sample without a seed": [{ sample: { count: 1 } }, "'sample.seed' must be an integer"],
  };
  for (const [what, [options, message]] of Object.entries(wrong)) {
    it(what, async () => {
      await assertRejects(() => sweepRobust(options as SweepOptions), ConfigError, message);
    });
  }
});
