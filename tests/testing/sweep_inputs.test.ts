import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type AnyStep,
  fallback,
  parallel,
  pipeline,
  step,
  when,
  withInputs,
} from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import { outcomes } from "../support/sweeps.ts";

type Make = (name: string) => AnyStep;

/** Sweeps steps that book under the id in their context; `wrong` has an undo of another id. */
async function swept(
  stepsOf: (book: Make) => readonly AnyStep[],
  wrong = "",
  isInferred = false,
): Promise<SweepReport> {
  const books = ledger();
  const book: Make = (name) =>
    step({
      name,
      run: async ({ id }: { id: string }) => {
        await undefined;
        await books.addOnce(name, id);
        return { [name]: id };
      },
      undoByKey: {
        timeout: 1_000,
        run: async ({ id }) => {
          await undefined;
          await books.forbid(name, name === wrong ? "other" : id);
        },
      },
    });
  const trip: AnyStep = pipeline({ name: "trip", steps: stepsOf(book) });
  const args = { hotelId: "h1", flightId: "f1", id: "nobody's" } as never;
  return await sweep(trip, args, isInferred ? { setup: () => books.clear() } : { ledger: books });
}

const as = (one: AnyStep, id: string) => withInputs(one, { id } as never) as AnyStep;

describe("a sweep of steps whose inputs have other names", () => {
  it("accepts correct undos, of a step, a group, a pipeline and an alternative", async () => {
    const trips: Record<string, (book: Make) => AnyStep[]> = {
      "in turn": (book) => [as(book("hotel"), "hotelId"), as(book("flight"), "flightId")],
      "at once": (book) => [
        parallel.with({ undoConcurrency: 2 })(
          as(book("hotel"), "hotelId"),
          as(book("flight"), "flightId"),
        ),
      ],
      "a group": (book) => [as(parallel(book("hotel"), book("flight")), "hotelId")],
      "a pipeline": (book) => {
        const inner = pipeline({
          name: "in",
          steps: [book("hotel"), as(book("flight"), "flightId")],
        });
        return [as(inner, "hotelId")];
      },
      "an alternative": (book) => [as(fallback(book("hotel"), book("flight")), "hotelId")],
      "a condition": (book) => [when(() => Promise.resolve(true), as(book("hotel"), "hotelId"))],
    };
    for (const stepsOf of Object.values(trips)) {
      for (const isInferred of [false, true]) {
        assertCompensated(await swept(stepsOf, "", isInferred));
      }
    }
  });

  it("has the cases of the step, and names what is left by its path and the id that it was given", async () => {
    const report = await swept(
      (book) => [as(book("hotel"), "hotelId"), as(book("flight"), "flightId")],
      "hotel",
    );
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "hotel h1 is left, by 'hotel'");
    const faults = ["before", "after", "invalid", "abort"];
    const calls = outcomes(report).filter((line) => line.startsWith("hotel@1: "));
    assertEquals(calls.map((line) => line.split(" ")[1]), faults);
  });
});
