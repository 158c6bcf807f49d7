import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type AnyStep,
  ConfigError,
  map,
  parallel,
  pipeline,
  type RollbackInfo,
  step,
} from "@runsheet/runsheet";
import {
  assertCompensated,
  type Ledger,
  ledger,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import { payments } from "../support/payments.ts";
import { outcomes } from "../support/sweeps.ts";

const timeout = 1_000;
const ship = step({ name: "ship", run: () => {} });

function sweepOf(
  books: Ledger,
  steps: AnyStep[],
  options: SweepOptions = {},
): Promise<SweepReport> {
  return sweep(pipeline({ name: "checkout", steps }), {}, { ledger: books, ...options });
}

/** The cases that are bugs. */
function bugsOf(report: SweepReport): string[] {
  return outcomes(report).filter((text) => /left|failed|differs|hangs/.test(text));
}

function messageOf(report: SweepReport): string {
  return assertThrows(() => assertCompensated(report), Error).message;
}

/** Charges under its key, with the given undo. */
function charging(
  books: Ledger,
  undo: (key: string) => Promise<void>,
  { heeds, before = true, ...policy }: {
    heeds: boolean;
    before?: boolean;
    timeout?: number;
    retry?: { count: number };
  },
) {
  return step({
    name: "charge",
    ...policy,
    run: async (_ctx, { key, attempt, signal, defer }) => {
      const id = `${key}@${attempt}`;
      if (before) defer({ run: () => undo(id), timeout });
      await books.add("charge", id, heeds ? { signal } : {});
      if (!before) defer({ run: () => undo(id), timeout });
    },
  });
}

describe("a sweep with a ledger", () => {
  it("fails the n-th effect of a step, and loses its answer", async () => {
    const books = ledger();
    const reserve = step({
      name: "reserve",
      run: async (_ctx, { defer }) => {
        const slots = ["a", "b", "c"];
        for (const slot of slots) await books.add("slot", slot);
        defer({
          run: async () => {
            for (const slot of slots) await books.removeAll("slot", slot);
          },
          timeout,
        });
      },
    });
    const report = await sweepOf(books, [reserve, ship]);
    assertEquals(bugsOf(report).filter((text) => text.includes("effect")), [
      "reserve@1!effect1: after left",
      "reserve@1!effect2: before left",
      "reserve@1!effect2: after left",
      "reserve@1!effect3: before left",
      "reserve@1!effect3: after left",
    ]);
    const message = messageOf(report);
    assertStringIncludes(
      message,
      "'reserve@1!effect2' (slot b) fails:\n    slot a is left, by 'reserve'",
    );
    assertStringIncludes(
      message,
      "'reserve@1!effect1' (slot a) happens, and the answer gets lost:",
    );
    assertStringIncludes(message, `only: "reserve@1!effect2: before"`);
    const only = "reserve@1!effect2: before";
    assertEquals(outcomes(await sweepOf(books, [reserve, ship], { only })), [`${only} left`]);
  });

  it("finds an undo that is deferred after an effect whose answer is lost", async () => {
    const books = ledger();
    const undo = (id: string) => books.forbid("charge", id);
    const late = charging(books, undo, { heeds: false, before: false });
    assertEquals(bugsOf(await sweepOf(books, [late])), ["charge@1!effect1: after left"]);
    assertCompensated(await sweepOf(books, [charging(books, undo, { heeds: false })]));
  });

  it("finds an undo that fails if its effect never happened", async () => {
    const books = ledger();
    const strict = charging(books, (id) => books.remove("charge", id), { heeds: false });
    const only = "charge@1!effect1: before";
    const report = await sweepOf(books, [strict], { only });
    assertStringIncludes(messageOf(report), "charge sweep/checkout/charge@1 is undone too often");
  });

  it("lets an effect happen after its undo if the signal has given it up", async () => {
    const books = ledger();
    const policies = [{ timeout }, { timeout, retry: { count: 1 } }, {}];
    for (const policy of policies) {
      const sought = charging(books, (id) => books.removeAll("charge", id), {
        heeds: true,
        ...policy,
      });
      const report = await sweepOf(books, [sought, ship]);
      const bugs = bugsOf(report).join();
      assertStringIncludes(bugs, "charge@1!effect1: overtaken");
      assertStringIncludes(bugs, "charge@1: abort left");
      const message = messageOf(report);
      assertStringIncludes(
        message,
        "the effect came after any undo: let the undo forbid it",
      );
      const forbidden = charging(books, (id) => books.forbid("charge", id), {
        heeds: true,
        ...policy,
      });
      assertCompensated(await sweepOf(books, [forbidden, ship]));
    }
  });

  it("says that a step which gave up the answer has failed", async () => {
    const books = ledger();
    const charge = step({
      name: "charge",
      run: (_ctx, { signal }) => books.add("charge", 1, { signal }),
      rollback: { run: () => books.removeAll("charge", 1), timeout },
    });
    const report = await sweepOf(books, [charge], { only: "charge@1!effect1: late" });
    const message = messageOf(report);
    assertStringIncludes(message, "(charge 1) happens, and the answer comes too late:");
    assertStringIncludes(message, "a step that fails is not rolled back");
  });

  it("names an effect that came last", async () => {
    const books = ledger();
    const sought = charging(books, (id) => books.removeAll("charge", id), { heeds: true });
    const report = await sweepOf(books, [sought], { only: "charge@1!effect1: overtaken" });
    assertStringIncludes(
      messageOf(report),
      "'charge@1!effect1' (charge sweep/checkout/charge@1) is given up, and happens after all else:",
    );
  });

  it("lets an effect happen after its undo in a branch that gives up because its neighbour fails", async () => {
    const books = ledger();
    const branches = (undo: (id: string) => Promise<void>) =>
      parallel(charging(books, undo, { heeds: true }), ship);
    const only = "parallel(charge, ship)/ship@1: before";
    const report = await sweepOf(books, [branches((id) => books.removeAll("charge", id))], {
      only,
    });
    assertEquals(outcomes(report), [`${only} left`]);
    assertCompensated(await sweepOf(books, [branches((id) => books.forbid("charge", id))]));
  });

  it("holds an effect back until everything else is done", async () => {
    const log: string[] = [];
    const books = ledger();
    const tell = (what: string) => books.call(() => void log.push(what));
    const charge = step({
      name: "charge",
      timeout,
      retry: { count: 1 },
      run: (_ctx, { attempt, signal }) =>
        books.call(() => void log.push(`charge ${attempt}`), { signal }),
      rollback: { run: () => tell("refund"), timeout },
    });
    const slow = step({
      name: "slow",
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await tell("slow");
      },
    });
    const setup = () => log.splice(0);
    const only = "charge@1!effect1: overtaken";
    await sweepOf(books, [charge, slow], { setup, only });
    assertEquals(log, ["charge 2", "slow", "refund", "charge 1"]);
  });

  it("holds an answer back until everything else is done, and its undo comes after it", async () => {
    const log: string[] = [];
    const books = ledger();
    const tell = (what: string) => books.call(() => void log.push(what));
    const charge = step({
      name: "charge",
      timeout,
      retry: { count: 1 },
      run: async (_ctx, { attempt }) => {
        await tell(`charge ${attempt}`);
        log.push(`answer ${attempt}`);
        return { attempt };
      },
      rollback: { run: (_ctx, { attempt }) => tell(`refund ${attempt}`), timeout },
    });
    const setup = () => log.splice(0);
    const run = async (only: string) => {
      await sweepOf(books, [charge, ship], { setup, only });
      return log.join(", ");
    };
    assertEquals(
      await run("charge@1!effect1: late"),
      "charge 1, charge 2, answer 2, refund 2, answer 1, refund 1",
    );
    assertEquals(
      await run("charge@1!effect1: overtaken"),
      "charge 2, answer 2, refund 2, charge 1, answer 1, refund 1",
    );
  });

  it("sees effects that were still on their way when the run had ended", async () => {
    const books = ledger();
    const both = step({
      name: "both",
      run: () => Promise.all([books.add("room"), books.add("car")]).then(() => {}),
      rollback: { run: () => books.removeAll("car"), timeout },
    });
    const only = "both@1!effect1: before";
    const { rows } = await sweepOf(books, [both], { only });
    assertEquals(rows[0]?.left.map(({ effect }) => effect), ["car"]);
  });

  it("compares the effects of a run that a late success has saved", async () => {
    const books = ledger();
    const both = step({
      name: "both",
      timeout,
      graceMs: timeout,
      run: async (_ctx, { signal }) => {
        await books.add("room");
        if (!signal.aborted) await books.add("car");
      },
      rollback: {
        run: () => Promise.all([books.removeAll("room"), books.removeAll("car")]),
        timeout,
      },
    });
    const report = await sweepOf(books, [both, ship], { only: "both@1: late" });
    assertStringIncludes(messageOf(report), "the run succeeds, but with 1 car too few");
  });

  it("finds what a failed item leaves in a run that succeeds, though a later failure would clean it up", async () => {
    const books = ledger();
    const session = step({
      name: "session",
      run: () => {},
      rollback: {
        run: async () => {
          for (const { effect, id } of books.left()) await books.removeAll(effect, id);
        },
        timeout,
      },
    });
    const imports = (undoByKey?: (ctx: object, info: RollbackInfo) => Promise<void>) =>
      map(
        "rows",
        () => [{}],
        step({
          name: "add",
          run: (_ctx, { key }) => books.add("row", key),
          ...undoByKey && { undoByKey: { run: undoByKey, timeout } },
        }),
        { onFailure: "collect" },
      );

    const left = await sweepOf(books, [session, imports()], { faults: ["after", "invalid"] });
    assertEquals(bugsOf(left), [
      "map(rows)[0]/add@1: after differs",
      "map(rows)[0]/add@1: invalid differs",
      "map(rows)[0]/add@1!effect1: after differs",
    ]);
    assertStringIncludes(messageOf(left), "the run succeeds, but with 1 row too many");
    assertEquals(left.rows.find(({ outcome }) => outcome === "differs")?.left.map(({ by }) => by), [
      "map(rows)[0]/add",
    ]);

    const undone = imports((_ctx, { effectKey }) => books.forbid("row", effectKey));
    assertCompensated(await sweepOf(books, [session, undone]));
  });

  it("fails an undo between its effects", async () => {
    const books = ledger();
    const book = (undo: (effect: string) => Promise<void>) =>
      step({
        name: "book",
        run: () => Promise.all([books.add("room"), books.add("car")]).then(() => {}),
        rollback: {
          run: async () => {
            await undo("car");
            await undo("room");
          },
          retry: { count: 1 },
          timeout,
        },
      });
    const only = "book!undo!effect2: before";
    const { rows } = await sweepOf(books, [book((effect) => books.remove(effect))], { only });
    assertEquals(rows[0]?.left, [{ effect: "car", id: "", amount: -1, by: "book" }]);
    assertCompensated(await sweepOf(books, [book((effect) => books.removeAll(effect))], { only }));
  });

  it("attributes concurrent effects to their steps", async () => {
    const books = ledger();
    const booking = (name: string) =>
      step({
        name,
        run: async () => {
          for (const id of [1, 2]) await books.add(name, id);
        },
      });
    const report = await sweepOf(books, [
      parallel(booking("room"), booking("car"), booking("tour")),
    ], {
      faults: ["end", "before"],
    });
    const group = "parallel(room, car, tour)";
    const [end] = report.rows;
    assertEquals(
      end?.left.map(({ effect, id, by }) => `${effect} ${id}: ${by}`).sort(),
      ["car 1", "car 2", "room 1", "room 2", "tour 1", "tour 2"]
        .map((what) => `${what}: ${group}/${what.split(" ")[0]}`),
    );
    const effects = report.rows.filter(({ effect }) => effect !== undefined);
    assertEquals(effects.map(({ id, effect }) => `${id}: ${effect}`), [
      `${group}/room@1!effect1: room 1`,
      `${group}/room@1!effect2: room 2`,
      `${group}/car@1!effect1: car 1`,
      `${group}/car@1!effect2: car 2`,
      `${group}/tour@1!effect1: tour 1`,
      `${group}/tour@1!effect2: tour 2`,
    ]);
  });

  it("lists the effects of the steps, and whether they undo them", async () => {
    const books = ledger();
    const pay = step({
      name: "pay",
      run: async () => ({ id: await payments(books).charge() }),
      rollback: { run: (_ctx, { id }) => payments(books).refund(id), timeout },
    });
    const mail = step({ name: "mail", run: () => books.add("mail") });
    const { effects } = await sweepOf(books, [pay, mail, ship]);
    assertEquals(effects, [
      { step: "pay", effect: "charge", hasUndo: true },
      { step: "mail", effect: "mail", hasUndo: false },
    ]);
  });

  it("refuses fakes that do not await their requests", async () => {
    const books = ledger();
    const hasty = step({
      name: "hasty",
      run: () => {
        books.add("charge", "c");
      },
    });
    await assertRejects(
      () => sweepOf(books, [hasty, ship]),
      ConfigError,
      "Cannot sweep 'checkout' as fakes must await what they ask of the ledger: 'hasty@1' succeeded before 'charge c' had happened",
    );
  });

  it("leaves the ledger unchanged", async () => {
    const books = ledger();
    await sweepOf(books, [charging(books, (id) => books.forbid("charge", id), { heeds: true })]);
    books.clear();
    const charging_ = books.add("charge", "c");
    assertEquals(books.has("charge", "c"), false);
    await charging_;
    assertEquals(books.has("charge", "c"), true);
  });
});
