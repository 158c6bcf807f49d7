// The deps, which `run` takes beside the args: in the context, and nowhere else.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  choice,
  deps,
  distribute,
  fallback,
  map,
  type Middleware,
  parallel,
  pipeline,
  step,
  toJSON,
  typed,
  when,
} from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";
import { type } from "arktype";
import { z } from "zod";
import { RecordingHost } from "../support/hosts.ts";
import { dataOf, failureOf } from "../support/results.ts";
import { charge, Stripe } from "../support/stripe.ts";
import { boom, fail } from "../support/steps.ts";

const checkout = pipeline({
  name: "checkout",
  argsSchema: type({ amount: "number" }),
  deps: deps<{ stripe: Stripe }>(),
  steps: [charge],
});

describe("deps", () => {
  it("are in the context of steps and undos, and in no data, meta or log", async () => {
    const stripe = new Stripe();
    const doomed = pipeline({
      name: "doomed",
      deps: deps<{ stripe: Stripe }>(),
      steps: [charge, fail],
    });
    const failed = await doomed.run({ amount: 5 }, { deps: { stripe } });
    assertEquals([failureOf(failed).error, stripe.charges], [boom, []]);
    assertEquals(failureOf(failed).rollback.completed, ["charge"]);

    const result = await checkout.run({ amount: 50 }, { deps: { stripe } });
    assertEquals(dataOf(result), { amount: 50, chargeId: "charge 1" });
    assertEquals(result.meta.args, { amount: 50 });
    assertEquals(stripe.charges, [50]);
    const printed = JSON.stringify([toJSON(result, { args: true }), result, failed]);
    assert(!printed.includes("stripe"), printed);
  });

  it("reach every combinator, predicate, callback, alternative and middleware", async () => {
    interface Log {
      note(line: string): void;
    }
    const lines: string[] = [];
    const log: Log = { note: (line) => void lines.push(line) };
    const noting = (name: string) => step({ name, run: ({ log }: { log: Log }) => log.note(name) });
    const perItem = step({
      name: "perItem",
      run: ({ log, n }: { log: Log; n: number }) => {
        log.note(`item ${n}`);
        return { double: 2 * n };
      },
    });
    const around: Middleware = ({ name }, next) => (ctx) => {
      (ctx as { log?: Log }).log?.note(`around ${name}`);
      return next({ ...ctx });
    };
    const p = pipeline({ name: "p", deps: deps<{ log: Log }>(), middleware: [around] })
      .step(noting("step"))
      .when(({ log }) => (log.note("when?"), true), noting("when"))
      .choice([({ log }) => (log.note("choice?"), true), noting("choice")])
      .parallel(noting("a"), noting("b"))
      .map("doubles", ({ log }) => (log.note("items"), [{ n: 1 }]), perItem)
      .map("ns", () => [1, 2], (n, { log }) => (log.note(`fn ${n}`), n))
      .distribute("spread", { ns: "n" }, perItem)
      .filter("kept", ({ ns }) => ns, (n, { log }) => (log.note(`keep ${n}?`), n > 1))
      .flatMap("flat", ({ ns }) => ns, (n, { log }) => (log.note(`flat ${n}`), [n]))
      .fallback(fail, (_error, { log }) => (log.note("alternative"), { late: true }))
      .build();
    const data = dataOf(await p.run({}, { deps: { log } }));
    assertEquals(data, {
      doubles: [{ double: 2 }],
      ns: [1, 2],
      spread: [{ double: 2 }, { double: 4 }],
      kept: [2],
      flat: [1, 2],
      late: true,
    });
    assertEquals(lines.filter((line) => !line.startsWith("around")), [
      ..."step,when?,when,choice?,choice,a,b,items,item 1,fn 1,fn 2,item 1,item 2".split(","),
      ..."keep 1?,keep 2?,flat 1,flat 2,alternative".split(","),
    ]);
    assertEquals(lines.filter((line) => line.startsWith("around")).length, 10);
  });

  it("of a nested pipeline are those of the run, inside each combinator", async () => {
    const stripe = new Stripe();
    const options = { deps: { stripe } };
    const inEach = pipeline({
      name: "inEach",
      deps: deps<{ stripe: Stripe }>(),
      steps: [
        checkout,
        when(() => true, checkout),
        choice([() => true, checkout]),
        parallel(checkout),
        fallback(checkout, checkout),
        map("mapped", () => [{ amount: 1 }, { amount: 2 }], checkout),
        distribute("spread", { amounts: "amount" }, checkout),
        pipeline({ name: "deep", steps: [pipeline({ name: "deeper", steps: [checkout] })] }),
      ],
    });
    const data = dataOf(await inEach.run({ amount: 50, amounts: [7] }, options));
    assertEquals(stripe.charges, [50, 50, 50, 50, 50, 1, 2, 7, 50]);
    assertEquals(data, {
      amount: 50,
      amounts: [7],
      chargeId: "charge 9",
      mapped: [{ chargeId: "charge 6" }, { chargeId: "charge 7" }],
      spread: [{ chargeId: "charge 8" }],
    });
  });

  it("may still be args, if an outer pipeline declares none", async () => {
    const stripe = new Stripe();
    const outer = pipeline({ name: "outer", steps: [checkout] });
    assertEquals(dataOf(await outer.run({ amount: 1, stripe })).stripe, stripe);
    assertEquals(
      dataOf(await pipeline({ name: "q", steps: [charge] }).run({ amount: 2, stripe })),
      {
        amount: 2,
        stripe,
        chargeId: "charge 2",
      },
    );
  });

  it("stay out of `output`, even of one that refuses unknown keys", async () => {
    const p = pipeline({
      name: "p",
      deps: deps<{ stripe: Stripe }>(),
      steps: [charge],
      output: z.strictObject({ amount: z.number(), chargeId: z.string() }),
    });
    const stripe = new Stripe();
    const data = { amount: 5, chargeId: "charge 1" };
    assertEquals(dataOf(await p.run({ amount: 5 }, { deps: { stripe } })), data);
    const nested = pipeline({ name: "outer", deps: deps<{ stripe: Stripe }>(), steps: [p] });
    assertEquals(dataOf(await nested.run({ amount: 5 }, { deps: { stripe } })), {
      amount: 5,
      chargeId: "charge 2",
    });
  });

  it("are shared unchanged, even if contexts are deeply immutable", async () => {
    const config = { list: [1] };
    const p = pipeline({
      name: "p",
      immutable: "deep",
      deps: deps<{ config: { list: number[] } }>(),
      steps: [
        step({ name: "a", requires: typed<{ config: object }>(), run: () => {} }),
        step({
          name: "b",
          run: (ctx: { config: { list: number[] } }) => {
            assertStrictEquals(ctx.config, config);
            ctx.config.list.push(2);
          },
        }),
      ],
    });
    dataOf(await p.run({}, { deps: { config } }));
    assertEquals(config.list, [1, 2]);
  });

  it("go through no host, and into no record", async () => {
    const stripe = new Stripe();
    const { encode } = codec();
    const host = new RecordingHost();
    const p = pipeline({
      name: "p",
      deps: deps<{ stripe: Stripe }>(),
      steps: [
        when(() => true, charge),
        map("mapped", () => [{ amount: 1 }], checkout),
        map("sums", () => [1], (n) => n),
        charge,
        fail,
      ],
    });
    failureOf(await p.run({ amount: 5 }, { host, deps: { stripe } }));
    assertEquals(stripe.charges, []);
    assertEquals(host.calls.map(({ kind }) => kind).filter((kind) => kind === "undo").length, 3);
    for (const { ctx } of host.calls) assert(!encode(ctx).includes("stripe"));
  });

  it("are checked by a schema, which may be asynchronous and may change them", async () => {
    const schema = z.object({
      key: z.string().min(3).transform((key) => Promise.resolve(`key ${key}`)),
    });
    const tell = step({
      name: "tell",
      run: ({ key }: { key: string }) => ({ told: `with ${key}` }),
    });
    const p = pipeline({ name: "p", deps: schema, steps: [tell] });
    assertEquals(dataOf(await p.run({}, { deps: { key: "abc" } })), { told: "with key abc" });
    const { error, failedStep } = failureOf(await p.run({}, { deps: { key: "a" } }));
    assertEquals([error.name, failedStep], ["ConfigError", "<options>"]);
    assertEquals(
      error.message,
      "Cannot run 'p' as its deps must be what 'deps' says: key: Too small: expected string to have >=3 characters",
    );
  });

  it("end with the caller's signal while a schema that never answers checks them", async () => {
    const hanging = z.object({ n: z.number() }).refine(() => new Promise<boolean>(() => {}));
    const p = pipeline({ name: "p", deps: hanging, steps: [] });
    const controller = new AbortController();
    for (const reason of [new Error("while it waits"), new Error("before it begins")]) {
      const running = p.run({}, { deps: { n: 1 }, signal: controller.signal });
      controller.abort(reason);
      const { error, meta } = failureOf(await running);
      assertEquals([error.name, meta.stepsExecuted], ["AbortedError", []]);
    }
  });

  it("are checked by their own pipeline only, and not where it is nested", async () => {
    const inner = pipeline({ name: "inner", deps: type({ n: "number > 0" }), steps: [] });
    const { error } = failureOf(await inner.run({}, { deps: { n: -4 } }));
    assertEquals(
      error.message,
      "Cannot run 'inner' as its deps must be what 'deps' says: n must be positive (was -4)",
    );
    const outer = pipeline({ name: "outer", deps: deps<{ n: number }>(), steps: [inner] });
    assertEquals(dataOf(await outer.run({}, { deps: { n: -4 } })), {});
  });
});
