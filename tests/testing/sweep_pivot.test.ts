import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parallel, pipeline, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import { outcomes } from "../support/sweeps.ts";

const timeout = 1_000;

/** An order with a point of no return; `without` names a step that has no undo. */
async function swept(without = "", isInferred = false): Promise<SweepReport> {
  const books = ledger();
  const effect = (name: string, options: { pivot?: boolean; retry?: { count: number } } = {}) =>
    step({
      name,
      ...options,
      run: async (_ctx, { key }) => {
        await books.add(name, key);
        return { [name]: key };
      },
      ...(name !== without && {
        undoByKey: {
          timeout,
          run: (_ctx: object, { effectKey }: { effectKey: string }) =>
            books.forbid(name, effectKey),
        },
      }),
    });
  const order = pipeline({
    name: "order",
    steps: [
      effect("hold"),
      pipeline({ name: "fulfil", steps: [effect("ship", { pivot: true })] }),
      parallel(effect("mail", { retry: { count: 1 } }), effect("points")),
      effect("archive"),
    ],
  });
  return await sweep(order, {}, isInferred ? { setup: () => books.clear() } : { ledger: books });
}

describe("a sweep of a pipeline with a pivot", () => {
  it("accepts effects that are kept after it", async () => {
    for (const isInferred of [false, true]) {
      const report = await swept("", isInferred);
      assertCompensated(report);
      const undo = outcomes(report).filter((text) => text.startsWith("hold!key"));
      assertEquals(undo.length > 0, true);
    }
  });

  it("finds an effect that is left before it, and names the step that has no undo", async () => {
    const report = await swept("hold");
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "'hold' has no undo");
    assertEquals(message.includes("'ship' has no undo"), false);
    const bugs = outcomes(report).filter((text) => / left$/.test(text));
    assertEquals(bugs.some((text) => text.startsWith("hold@1: after")), true);
    assertEquals(bugs.some((text) => text.startsWith("archive")), false);
  });

  it("finds an effect that a failed step after it leaves, even beside others and in its first attempt", async () => {
    const bugsOf = async (without: string) =>
      outcomes(await swept(without)).filter((text) => / (left|differs)$/.test(text));
    assertEquals((await bugsOf("archive")).includes("archive@1: after left"), true);
    const points = "parallel(mail, points)/points@1: after left";
    assertEquals((await bugsOf("points")).includes(points), true);
    assertEquals((await bugsOf("points")).filter((text) => text.includes("mail@1: ")), []);
  });
});
