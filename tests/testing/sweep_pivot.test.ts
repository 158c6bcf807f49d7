import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parallel, pipeline, step, unwrap } from "@runsheet/runsheet";
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

/** A step that runs a pipeline with a pivot, between two others; `without` names one without undo. */
async function sweptInside(
  policy: { readonly pivot?: boolean } = {},
  without = "",
): Promise<SweepReport> {
  const books = ledger();
  const effect = (name: string, options: { pivot?: boolean; retry?: { count: number } } = {}) =>
    step({
      name,
      ...options,
      run: async (_ctx: object, { key }) => {
        await undefined;
        await books.addOnce(name, key);
      },
      ...(name !== without && {
        undoByKey: {
          timeout,
          run: (_ctx: object, { effectKey }: { effectKey: string }) =>
            books.forbid(name, effectKey),
        },
      }),
    });
  const flow = pipeline({
    name: "flow",
    steps: [
      effect("hold"),
      effect("ship", { pivot: true }),
      effect("mail", { retry: { count: 1 } }),
    ],
  });
  const fulfil = step({
    name: "fulfil",
    ...policy,
    run: async (_ctx, info) => {
      await undefined;
      unwrap(await flow.run({}, info));
    },
  });
  const steps = [effect("reserve"), fulfil, effect("archive", { retry: { count: 1 } })] as const;
  return await sweep(pipeline({ name: "order", steps }), {}, { ledger: books });
}

describe("a sweep of a step that runs a pipeline with a pivot, given its info", () => {
  const bugsOf = (report: SweepReport) =>
    outcomes(report).filter((text) => / (left|failed|differs)$/.test(text));
  // The pivot has committed the run inside, and nothing the run around it.
  const between = [
    "fulfil@1: after left",
    "fulfil@1: invalid left",
    "fulfil@1!effect3: late left",
    "fulfil@1!effect3: overtaken left",
  ];

  it("accepts what fails before the pivot, or once the step itself is a pivot that has succeeded", async () => {
    const bugs = bugsOf(await sweptInside({ pivot: true }));
    assertEquals(bugs.filter((text) => !text.startsWith("fulfil@1/flow/mail!key")), between);
  });

  it("finds that what fails between the two leaves the run inside, and says why", async () => {
    const report = await sweptInside({ pivot: true });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(
      message,
      "Cannot undo the run of 'flow' as its pivot 'ship' has committed it",
    );
  });

  it("finds that what fails later leaves the run inside if the step is no pivot", async () => {
    const bugs = bugsOf(await sweptInside());
    for (const bug of [...between, "order: end left", "archive@1: before left"]) {
      assertEquals(bugs.includes(bug), true, bug);
    }
  });

  it("finds a step before the pivot, or the pivot itself, that has no undo", async () => {
    const hold = bugsOf(await sweptInside({ pivot: true }, "hold"));
    assertEquals(hold.includes("fulfil@1!effect2: before left"), true);
    const ship = bugsOf(await sweptInside({ pivot: true }, "ship"));
    assertEquals(ship.includes("fulfil@1!effect2: after left"), true);
  });
});
