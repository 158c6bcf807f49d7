import { describe, it } from "node:test";
import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import {
  type Host,
  isRunsheetError,
  type LateReport,
  type Pipeline,
  pipeline,
  type Result,
  step,
} from "@runsheet/runsheet";
import { deferred } from "../support/deferred.ts";
import { ReorderingHost } from "../support/hosts.ts";
import { failureOf, plainOf } from "../support/results.ts";

const RUNS = 100;

/** The remaining effects of each customer. */
type Ledger = Map<number, string[]>;

/**
 * An order: reserve and, nested twice, charge, which also has a partial effect to undo. The charge
 * of every third customer fails once, the refund of every fifth fails, and the last step fails for
 * every second.
 */
function orders(ledger: Ledger): Pipeline<string, { customer: number }, object> {
  const entries = (customer: number) => {
    if (!ledger.has(customer)) ledger.set(customer, []);
    return ledger.get(customer)!;
  };
  const reserve = step({
    name: "reserve",
    run: async (ctx: { customer: number }) => {
      await Promise.resolve();
      entries(ctx.customer).push("reserve");
      return { reservation: `r${ctx.customer}` };
    },
    rollback: (ctx, output) => void entries(ctx.customer).push(`release ${output.reservation}`),
  });
  const charge = step({
    name: "charge",
    retry: { count: 1 },
    run: async (ctx: { customer: number; reservation: string }, { attempt, defer }) => {
      defer(() => void entries(ctx.customer).push(`void ${ctx.reservation}`));
      for (let n = 0; n < ctx.customer % 7; n++) await Promise.resolve();
      if (ctx.customer % 3 === 0 && attempt === 1) throw new Error("gateway");
      entries(ctx.customer).push(`charge ${ctx.reservation}`);
      return { charge: ctx.customer };
    },
    rollback: async (ctx, output) => {
      await Promise.resolve();
      if (ctx.customer % 5 === 0) throw new Error(`no refund of ${output.charge}`);
      entries(ctx.customer).push(`refund ${output.charge}`);
    },
  });
  const ship = step({
    name: "ship",
    run: (ctx: { customer: number; charge: number }) => {
      if (ctx.customer % 2 === 0) throw new Error(`no stock for ${ctx.charge}`);
    },
  });
  const payment = pipeline({ name: "payment", steps: [charge] });
  const made: unknown = pipeline({ name: "order", steps: [reserve, payment, payment, ship] });
  return made as Pipeline<string, { customer: number }, object>;
}

/** A result without the stacks of its errors. */
function plain(result: Result<object>): unknown {
  if (result.success) return plainOf(result);
  const { error, failedStep, meta, rollback } = result;
  const failed = rollback.failed.map(({ step, error }) => ({ step, message: error.message }));
  const { message } = error;
  return { message, failedStep, meta: { ...meta }, completed: rollback.completed, failed };
}

async function together(host?: Host) {
  const ledger: Ledger = new Map();
  const order = orders(ledger);
  const customers = Array.from({ length: RUNS }, (_, customer) => customer);
  const options = host ? { host } : {};
  const results = await Promise.all(customers.map((customer) => order.run({ customer }, options)));
  return { ledger: sorted(ledger), results: results.map(plain) };
}

async function oneByOne() {
  const ledger: Ledger = new Map();
  const order = orders(ledger);
  const results: unknown[] = [];
  for (let customer = 0; customer < RUNS; customer++) {
    results.push(plain(await order.run({ customer })));
  }
  return { ledger: sorted(ledger), results };
}

function sorted(ledger: Ledger) {
  return [...ledger].sort(([one], [other]) => one - other);
}

describe("concurrent runs of one pipeline", () => {
  it("have the results, reports and effects of runs one by one", async () => {
    const alone = await oneByOne();
    const both = new Set(alone.results.map((result) => (result as Result<object>).success));
    assertEquals(both.size, 2);
    assertEquals(await together(), alone);
  });

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`have them in whatever order a host makes their calls (seed ${seed})`, async () => {
      const host = new ReorderingHost(seed);
      assertEquals(await together(host), await oneByOne());
      assertEquals(host.most, RUNS);
    });
  }

  it("undo nothing of a run that succeeds while another one fails", async () => {
    const { ledger, results } = await together(new ReorderingHost(6));
    for (const [customer, entries] of ledger) {
      const undone = entries.filter((entry) => /^(release|refund)/.test(entry));
      const { success } = results[customer] as Result<object>;
      assertEquals(undone.length > 0, !success);
      assert(undone.every((entry) => entry.endsWith(String(customer))));
    }
  });

  it("are aborted individually", async () => {
    const controllers = Array.from({ length: 10 }, () => new AbortController());
    let arrived = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const undone: number[] = [];
    const begin = step({
      name: "begin",
      run: () => {},
      rollback: (ctx: { id: number }) => void undone.push(ctx.id),
    });
    const wait = step({
      name: "wait",
      run: async () => {
        arrived++;
        if (arrived === controllers.length) {
          controllers.forEach((controller, id) => id % 2 === 0 && controller.abort(id));
          open();
        }
        await gate;
      },
    });
    const made: unknown = pipeline({ name: "p", steps: [begin, wait] });
    const one = made as Pipeline<string, { id: number }, object>;
    const results = await Promise.all(
      controllers.map(({ signal }, id) => one.run({ id }, { signal })),
    );
    results.forEach((result, id) => {
      assertEquals(result.success, id % 2 === 1);
      if (result.success) return;
      assert(isRunsheetError(result.error, "ABORTED"));
      assertEquals(result.error.cause, id);
    });
    assertEquals(undone.sort(), [0, 2, 4, 6, 8]);
  });

  it("report late attempts only to their own caller", async () => {
    const releases: (() => void)[] = [];
    const undone: unknown[] = [];
    const slow = step({
      name: "slow",
      run: (ctx: { id: number }) =>
        new Promise<{ effect: string }>((resolve) => {
          releases.push(() => resolve({ effect: `effect ${ctx.id}` }));
        }),
      rollback: (ctx, output) => void undone.push([ctx.id, output.effect]),
    });
    const lates: [number, LateReport][] = [];
    const watches: Promise<unknown>[] = [];
    const runs = [0, 1, 2].map((id) => {
      const controller = new AbortController();
      const run = slow.run({ id }, {
        signal: controller.signal,
        onLate: (late) => void lates.push([id, late]),
        waitUntil: (watch) => void watches.push(watch),
      });
      return { run, controller };
    });
    runs.forEach(({ controller }) => controller.abort());
    const failures = await Promise.all(runs.map(async ({ run }) => failureOf(await run)));
    assertEquals(failures.map(({ rollback }) => rollback.completed), [[], [], []]);
    releases.reverse().forEach((release) => release());
    await Promise.all(watches);
    assertEquals(undone, [[2, "effect 2"], [1, "effect 1"], [0, "effect 0"]]);
    const late = { step: "slow", attempt: 1, outcome: "compensated" };
    assertEquals(lates, [[2, late], [1, late], [0, late]]);
  });

  it("keep attempts that land during the rollback out of its report, and undo them once", async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const watches: Promise<unknown>[] = [];
    const gate = deferred();
    const first = step({ name: "first", run: () => {}, rollback: () => void log.push("first") });
    const second = step({
      name: "second",
      run: () => {},
      rollback: async () => {
        log.push("second");
        gate.resolve();
        await Promise.all(watches);
      },
    });
    const slow = step({
      name: "slow",
      run: () => {
        controller.abort();
        return gate.promise;
      },
      rollback: () => void log.push("slow"),
    });
    const failure = failureOf(
      await pipeline({ name: "p", steps: [first, second, slow] }).run({}, {
        signal: controller.signal,
        waitUntil: (watch) => void watches.push(watch),
      }),
    );
    assertEquals(log, ["second", "slow", "first"]);
    assertEquals(failure.rollback, { completed: ["second", "first"], failed: [] });
  });

  it("share no context: each has frozen snapshots of its own", async () => {
    const seen: object[] = [];
    const look = step({ name: "look", run: (ctx: { id: number }) => void seen.push(ctx) });
    const one = pipeline({ name: "p", steps: [look] });
    const args = { id: 1 };
    await Promise.all([one.run(args), one.run(args)]);
    const [first, second] = seen;
    assertNotStrictEquals(first, second);
    assert(seen.every(Object.isFrozen));
    assert(!Object.isFrozen(args));
  });
});

describe("a pipeline that runs itself", () => {
  it("keeps the inner run apart: its own report, its own undo", async () => {
    const undone: number[] = [];
    const inner: Result<object>[] = [];
    const work = step({
      name: "work",
      run: (ctx: { depth: number }) => ({ did: ctx.depth }),
      rollback: (_ctx, output) => void undone.push(output.did),
    });
    const recurse = step({
      name: "recurse",
      run: async (ctx: { depth: number }) => {
        if (ctx.depth > 0) inner.push(await self.run({ depth: ctx.depth - 1 }, { apart: true }));
        if (ctx.depth !== 1) throw new Error(`at ${ctx.depth}`);
      },
    });
    const made: unknown = pipeline({ name: "self", steps: [work, recurse] });
    const self = made as Pipeline<string, { depth: number }, object>;
    const outer = failureOf(await self.run({ depth: 2 }));
    assertEquals(outer.rollback.completed, ["work"]);
    assertEquals(inner.map(({ success }) => success), [false, true]);
    assertEquals(undone, [0, 2]);
  });
});
