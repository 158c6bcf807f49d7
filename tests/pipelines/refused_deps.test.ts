// Deps that a run refuses, and what would replace one of them.
import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { deps, distribute, map, pipeline, step, typed } from "@runsheet/runsheet";
import { type } from "arktype";
import { dataOf, failureOf } from "../support/results.ts";
import { charge, Stripe } from "../support/stripe.ts";

const checkout = pipeline({
  name: "checkout",
  argsSchema: type({ amount: "number" }),
  deps: deps<{ stripe: Stripe }>(),
  steps: [charge],
});

describe("wrong deps are refused", () => {
  const messageOf = async (running: Promise<{ success: boolean }>) => {
    const { error, failedStep } = failureOf(await running as never);
    return `${failedStep} ${error.message}`;
  };

  it("when they are missing", async () => {
    assertEquals(
      // @ts-expect-error this pipeline has deps: run(args, { deps })
      await messageOf(checkout.run({ amount: 1 })),
      "<options> Cannot run 'checkout' as its deps must be an object of keys: current value is undefined",
    );
    const deps = null as unknown as { stripe: Stripe };
    assertEquals(
      await messageOf(checkout.runUnknown({ amount: 1 }, { deps })),
      "<options> Cannot run 'checkout' as its deps must be an object of keys: current value is null",
    );
  });

  it("when they are an instance of a class, whose methods and accessors a copy lacks", async () => {
    class Services {
      readonly rate = 0.1;
      charge(): string {
        return `charged at ${this.rate}`;
      }
    }
    class Rates {
      get rate() {
        return 0.1;
      }
    }
    const tell = step({ name: "tell", run: (ctx: { rate: number }) => ({ told: ctx.rate }) });
    const p = pipeline({ name: "p", deps: deps<{ rate: number }>(), steps: [tell] });
    for (const services of [new Services(), new Rates(), new (class extends Services {})()]) {
      assertMatch(
        await messageOf(p.run({}, { deps: services })),
        /^<options> Cannot run 'p' as its deps must be a plain object, such as { client: new Client\(\) }, as a copy loses what a class defines: current value is a \w*$/,
      );
    }
    class Fields {
      readonly rate = 0.2;
    }
    const nothingLost = [
      new Fields(),
      { rate: 0.2 },
      Object.assign(Object.create(null), { rate: 0.2 }),
    ];
    for (const deps of nothingLost) assertEquals(dataOf(await p.run({}, { deps })), { told: 0.2 });
  });

  it("when the pipeline declares none", async () => {
    const p = pipeline({ name: "p", steps: [] });
    assertEquals(
      // @ts-expect-error 'deps' does not exist
      await messageOf(p.run({}, { deps: { stripe: 1 } })),
      "<options> Cannot run 'p' as its pipeline must declare the 'deps': current value is an object with keys [stripe]",
    );
  });

  it("when the args have one of their keys, whatever it holds", async () => {
    const stripe = new Stripe();
    const input = { amount: 1, stripe: "sk_forged" };
    const open = pipeline({
      name: "open",
      argsSchema: typed<{ amount: number }>(),
      deps: deps<{ stripe: Stripe }>(),
      steps: [charge],
    });
    assertEquals(
      await messageOf(open.runUnknown(input, { deps: { stripe } })),
      "<args> Cannot run 'open' as its args must not have the key 'stripe', which is one of the deps",
    );
    assertEquals(stripe.charges, []);
  });

  it("when a step, an item or a combinator provides one of their keys, and it is undone", async () => {
    const stripe = new Stripe();
    const given = step({
      name: "given",
      run: (ctx: { stripe: Stripe }) => ({ ...ctx, chargeId: ctx.stripe.charge(1) }),
      rollback: ({ stripe }) => stripe.charges.pop(),
    });
    // Its type hides it.
    const hidden = given as never as typeof charge;
    const run = (step: typeof charge) =>
      messageOf(
        pipeline({ name: "p", deps: deps<{ stripe: Stripe }>(), steps: [step] })
          .run({ amount: 1 }, { deps: { stripe } }),
      );
    const ending = "as it must not have the key 'stripe', which the run holds";
    assertEquals(await run(hidden), `given Cannot use the output of 'given' ${ending}`);
    assertEquals(
      await run(map("all", () => [{}], given) as never),
      `map(all)[0]/given Cannot use the output of 'map(all)[0]/given' ${ending}`,
    );
    assertEquals(
      await run(map("stripe", () => [1], (n) => n) as never),
      `map(stripe) Cannot use the output of 'map(stripe)' ${ending}`,
    );
    assertEquals(stripe.charges, []);
  });

  it("when an item has one of their keys, before its step runs", async () => {
    const stripe = new Stripe();
    const rows = [{ amount: 1 }, { amount: 2, stripe: "sk_forged" }, { amount: 3, stripe }];
    const forged = [{ charge: () => "forged" }];
    const run = (step: unknown) =>
      pipeline({
        name: "p",
        argsSchema: typed<{ rows: { amount: number }[]; amount: number }>(),
        deps: deps<{ stripe: Stripe }>(),
        steps: [step as typeof charge],
      }).runUnknown({ rows, forged, amount: 5 }, { deps: { stripe } });
    const ending = "as its item must not have the key 'stripe', which the run holds";
    const rowsOf = (ctx: { rows: { amount: number }[] }) => ctx.rows;
    for (
      const [step, path] of [
        [map("all", rowsOf, charge, { concurrency: 1 }), "map(all)[1]"],
        [map("all", () => forged, charge, { as: "stripe" } as never), "map(all)[0]"],
        [distribute("all", { forged: "stripe" } as never, charge), "distribute(all)[0]"],
      ] as const
    ) {
      const result = await run(step);
      assertEquals(
        await messageOf(Promise.resolve(result)),
        `${path} Cannot run '${path}' ${ending}`,
      );
      assertEquals(failureOf(result).error.name, "RequiresValidationError");
      assertEquals(stripe.charges, []);
    }
    const { all } = dataOf(
      await run(map("all", rowsOf, charge, { onFailure: "collect" })),
    ) as never as {
      all: ({ chargeId: string } | { error: Error })[];
    };
    assertEquals(all.map((each) => "error" in each ? each.error.message : each.chargeId), [
      "charge 1",
      `Cannot run 'map(all)[1]' ${ending}`,
      `Cannot run 'map(all)[2]' ${ending}`,
    ]);
  });

  it("when 'deps' is not a schema", () => {
    let message = "";
    try {
      pipeline({ name: "p", deps: { stripe: Stripe } as never, steps: [] });
    } catch (thrown) {
      message = String(thrown);
    }
    assertEquals(
      message,
      "ConfigError: Cannot create pipeline 'p' as 'deps' must be a Standard Schema: current value is an object with keys [stripe]",
    );
  });
});
