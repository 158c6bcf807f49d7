import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { deps, pipeline, step } from "@runsheet/runsheet";
import { codecSerde, restate, type RestateOptions } from "@runsheet/restate";

const order = pipeline({ name: "order", steps: [step({ name: "pay", run: () => {} })] });

const workflowMustBe =
  "'workflow' must be an object of options that neither end a run without its rollback nor hide a " +
  "cancellation (asTerminalError, explicitCancellation, 'fail', 'kill')";

describe("restate()", () => {
  it("makes a workflow with the pipeline's name", () => {
    const { name }: { name: "order" } = restate(order);
    assertEquals(name, "order");
  });

  it("requires the deps of a pipeline that declares them", () => {
    const withDeps = pipeline({ name: "order", deps: deps<{ db: string }>(), steps: [] });
    assertEquals(restate(withDeps, { deps: { db: "books" } }).name, "order");
    // @ts-expect-error: Property 'deps' is missing
    restate(withDeps, {});
    // @ts-expect-error: Expected 2 arguments
    restate(withDeps);
  });

  it("refuses anything that is not a pipeline", () => {
    const fake = { name: "fake", run: () => Promise.reject(new Error("never")) };
    assertThrows(
      () => restate(fake),
      Error,
      "Cannot make a pipeline durable as it must be a step or a pipeline",
    );
  });

  it("refuses a pipeline whose name Restate would refuse, and no other", () => {
    for (const name of ["place order", "1st", "größe", "a/b", "-a", "_"]) {
      assertThrows(
        () => restate(pipeline({ name, steps: [] })),
        Error,
        `Cannot make '${name}' durable as its name must consist of letters, digits, '.', '_' and ` +
          "'-', and begin with a letter, to be a workflow of Restate",
      );
    }
    for (const name of ["a", "_a", "Order.v2_new-1"]) {
      assertEquals(restate(pipeline({ name, steps: [] })).name, name);
    }
  });

  it("refuses a pipeline of so many steps that no run could record them", () => {
    const steps = Array.from({ length: 2_000 }, (_, n) => step({ name: `step ${n}`, run() {} }));
    const long = pipeline({ name: "long", steps });
    assertEquals(restate(long).name, "long");
    assertThrows(
      () => restate(long, { maxBytes: 65_536 }),
      Error,
      "Cannot make 'long' durable as its parts must have at most 65536 bytes: current value is ",
    );
  });

  const wrong: [RestateOptions, string][] = [
    [
      { lateMs: 0 },
      "'lateMs' must be a number of milliseconds from 1 to 2147483647: current value is 0",
    ],
    [
      { maxBytes: 1_000 },
      "'maxBytes' must be a number of bytes from 65536: current value is 1000",
    ],
    [{ workflow: 3 as never }, `${workflowMustBe}: current value is 3`],
    ...([
      { asTerminalError: () => undefined },
      { explicitCancellation: true },
      { onJournalMismatchErrors: "fail" },
      { retryPolicy: { onMaxAttempts: "kill" } },
    ] as const).map((workflow) => [{ workflow }, workflowMustBe] as [RestateOptions, string]),
    [null as never, "its options must be an object: current value is null"],
    [{ version: "" }, "'version' must be a string that is not empty: current value is "],
    [{ onLate: 1 as never }, "'onLate' must be a function: current value is 1"],
    [
      { late: 5 } as never,
      'its options must be among deps, errors, lateMs, maxBytes, onLate, version, workflow: current value is "late"',
    ],
  ];
  for (const [options, message] of wrong) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      assertThrows(
        () => restate(order, options),
        Error,
        `Cannot make 'order' durable as ${message}`,
      );
    });
  }
});

describe("codecSerde()", () => {
  it("restores values that JSON alone would lose, and errors of known classes", () => {
    class OutOfStock extends Error {}
    const { serialize, deserialize } = codecSerde<unknown>([OutOfStock]);
    const value = { at: new Date(0), why: new OutOfStock("none left") };
    const back = deserialize(serialize(value)) as typeof value;
    assertEquals(back.at, value.at);
    assertEquals(back.why instanceof OutOfStock && back.why.message, "none left");
  });
});
