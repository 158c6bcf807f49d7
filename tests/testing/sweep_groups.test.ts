// Groups whose fakes are asynchronous, so that several of them are at work at once.
import { describe, it } from "node:test";
import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { type AnyStep, distribute, map, parallel, pipeline, step } from "@runsheet/runsheet";
import {
  assertCompensated,
  type Ledger,
  ledger,
  sweep,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import { drain } from "../support/deferred.ts";
import { outcomes } from "../support/sweeps.ts";

const timeout = 1_000;

/** Waits for other promises, as a fake may do before each request. */
async function pause(): Promise<void> {
  for (let n = 0; n < 3; n++) await undefined;
}

/** A step with two effects. */
function booking(books: Ledger, name: string, { wait = pause, hasUndo = true } = {}) {
  return step({
    name,
    run: async (_ctx: object, { key }) => {
      for (const what of ["room", "meal"]) {
        await wait();
        await books.addOnce(`${what} of ${name}`, key);
      }
    },
    ...(hasUndo && {
      undoByKey: {
        timeout,
        async run(_ctx: object, { effectKey }: { effectKey: string }) {
          for (const what of ["room", "meal"]) {
            await wait();
            await books.forbid(`${what} of ${name}`, effectKey);
          }
        },
      },
    }),
  });
}

/** Sweeps a group in a pipeline, with the ledger of its fakes or without. */
async function sweptWith(
  books: Ledger,
  group: AnyStep,
  isInferred = false,
  setup = () => {},
): Promise<SweepReport> {
  const trip: AnyStep = pipeline({ name: "trip", steps: [group, step({ name: "end", run() {} })] });
  const args = { days: [1, 2, 3] } as never;
  const reset = () => {
    books.clear();
    setup();
  };
  return await sweep(trip, args, isInferred ? { setup: reset } : { ledger: books, setup });
}

describe("a sweep of a group with an 'undoConcurrency'", () => {
  it("accepts correct undos", async () => {
    for (const undoConcurrency of [1, 2, 3]) {
      const books = ledger();
      const make = (name: string): AnyStep => booking(books, name);
      const groups: AnyStep[] = [
        parallel.with({ undoConcurrency })(make("a"), make("b"), make("c")),
        map("out", () => [{}, {}, {}], make("day"), { undoConcurrency }),
        distribute("out", { days: "day" }, make("day"), { undoConcurrency }),
      ];
      for (const group of groups) {
        for (const isInferred of [false, true]) {
          assertCompensated(await sweptWith(books, group, isInferred));
        }
      }
    }
  });

  it("accepts correct undos of fakes that wait for timers, though it guesses which of them asks", async () => {
    const books = ledger();
    const day = booking(books, "day", { wait: drain });
    const group = map("out", () => [{}, {}, {}], day, { undoConcurrency: 2 });
    for (const isInferred of [false, true]) {
      assertCompensated(await sweptWith(books, group, isInferred));
    }
  });

  it("has the same cases whatever it is, each effect with the call that asked for it", async () => {
    const reports = [];
    for (const undoConcurrency of [1, 3]) {
      const books = ledger();
      const make = (name: string): AnyStep => booking(books, name);
      const group = parallel.with({ undoConcurrency })(make("a"), make("b"), make("c"));
      reports.push(await sweptWith(books, group));
    }
    const [one, three] = reports.map((report) => outcomes(report).sort());
    assertEquals(three, one);
    for (const { path, effect } of reports[1]!.rows) {
      if (effect !== undefined) assertStringIncludes(effect, `of ${path.at(-1)} `);
    }
  });

  it("names the branch that has no undo, and only that one", async () => {
    const books = ledger();
    const group = parallel.with({ undoConcurrency: 3 })(
      booking(books, "a", { hasUndo: false }),
      booking(books, "b"),
      booking(books, "c"),
    );
    const report = await sweptWith(books, group);
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "'parallel(a, b, c)/a' has no undo");
    assertFalse(message.includes("/b' has no undo") || message.includes("/c' has no undo"));
    assertFalse(/of a .* is left, by '.*\/[bc]'/.test(message), message);
  });

  it("finds an undo that is left out because another one has failed", async () => {
    for (const undoConcurrency of [1, 2]) {
      const books = ledger();
      let isDown = false;
      const guarded = step({
        name: "seat",
        run: async (_ctx: object, { key }) => {
          await books.addOnce("seat", key);
          await books.addOnce("meal", key);
        },
        undoByKey: {
          timeout,
          async run(_ctx, { effectKey }) {
            if (isDown) return;
            try {
              await pause();
              await books.forbid("seat", effectKey);
              await books.forbid("meal", effectKey);
            } catch (error) {
              isDown = true;
              throw error;
            }
          },
        },
      });
      const group = map("out", () => [{}, {}, {}], guarded, { undoConcurrency });
      const report = await sweptWith(books, group, false, () => isDown = false);
      const bugs = outcomes(report).filter((line) => line.endsWith(" left"));
      const fault = "seat!key!effect2: before left";
      assertEquals(bugs, [`map(out)[2]/${fault}`, `map(out)[1]/${fault}`]);
    }
  });
});
