// Starts 10,000 runs of one nested pipeline at once, with random faults, and prints whether the
// books balance. In a process of its own, because node:test on Node tracks every promise with
// async_hooks.
import process from "node:process";
import {
  type AnyStep,
  map,
  parallel,
  type Pipeline,
  pipeline,
  type Result,
  RetryExhaustedError,
  step,
  when,
} from "@runsheet/runsheet";
import { ticks } from "../support/collections.ts";

const RUNS = 10_000;
const seed = Number(process.argv[2] ?? 1);

/** An order; its lines are packed one by one. */
interface Order {
  readonly id: number;
  readonly gift: boolean;
  readonly lines: readonly number[];
}

/** A number from 0 to 1 that depends on the seed and its purpose, not on the order of calls. */
function dice(...what: (string | number)[]): number {
  let hash = 2_166_136_261 ^ seed;
  for (const letter of what.join(" ")) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619);
  }
  hash = Math.imul(hash ^ hash >>> 15, 2_246_822_507);
  return ((hash ^ hash >>> 13) >>> 0) / 2 ** 32;
}

/** The outstanding bookings of each order, by account. */
const books = Array.from({ length: RUNS }, () => new Map<string, number>());
/** The total bookings of all orders. */
const totals = new Map<string, number>();
const seen = { effects: 0, undos: 0, most: 0, now: 0 };

function book(order: number, account: string, amount: number): void {
  const own = books[order]!;
  own.set(account, (own.get(account) ?? 0) + amount);
  const [total = ""] = account.split(" ");
  totals.set(total, (totals.get(total) ?? 0) + amount);
  if (amount > 0) seen.effects++;
  else seen.undos++;
}

/** An undo that fails for good names the effect that it leaves behind. */
class StuckError extends Error {
  readonly account: string;
  constructor(account: string) {
    super(`stuck: ${account}`);
    this.account = account;
  }
}

async function takeBack(order: number, account: string, amount: number, attempt: number) {
  await ticks(Math.floor(4 * dice(order, account, "undo", attempt)));
  if (dice(order, account, "undo fails", attempt) < 0.15) throw new StuckError(account);
  book(order, account, -amount);
}

async function maybeFail(order: number, account: string, attempt: number, chance: number) {
  await ticks(Math.floor(6 * dice(order, account, "run", attempt)));
  if (dice(order, account, "run fails", attempt) < chance) throw new Error(`fault: ${account}`);
}

/** A step that books an amount, and cancels it in its rollback. */
function booking(account: string) {
  return step({
    name: account,
    retry: { count: 1 },
    run: async ({ id }: { id: number }, { attempt }) => {
      await maybeFail(id, account, attempt, 0.1);
      book(id, account, id + 1);
      return { [account]: id };
    },
    rollback: {
      retry: { count: 1 },
      run: ({ id }, _output, { attempt }) => takeBack(id, account, id + 1, attempt),
    },
  });
}

/** May also fail after booking: its undo is deferred as soon as the booking happens. */
const charge = step({
  name: "charge",
  retry: { count: 2 },
  run: async ({ id }: { id: number }, { attempt, defer }) => {
    await maybeFail(id, "charge", attempt, 0.1);
    const account = `charge ${attempt}`;
    book(id, account, id + 1);
    defer({
      retry: { count: 1 },
      run: (info) => takeBack(id, account, id + 1, info.attempt),
    });
    await maybeFail(id, `${account} later`, attempt, 0.2);
    return { charge: attempt };
  },
});

const pack = step({
  name: "pack",
  run: async ({ id, line }: { id: number; line: number }, { attempt }) => {
    await maybeFail(id, `pack ${line}`, attempt, 0.03);
    book(id, `pack ${line}`, line);
    return { packed: line };
  },
  rollback: {
    retry: { count: 1 },
    run: ({ id, line }, _output, { attempt }) => takeBack(id, `pack ${line}`, line, attempt),
  },
});

const send = step({
  name: "send",
  run: async ({ id }: { id: number }, { attempt }) => await maybeFail(id, "send", attempt, 0.3),
});

function makeOrders(): Pipeline<string, Order, object> {
  const payment = pipeline({
    name: "payment",
    steps: [charge, parallel(booking("points"), booking("invoice"))],
  });
  const inner: unknown = pipeline({
    name: "fulfil",
    steps: [
      when(({ gift }: Order) => gift, booking("wrapping")),
      payment,
      map("packed", ({ lines }: Order) => lines, pack as AnyStep, { as: "line", concurrency: 2 }),
    ],
  });
  const made: unknown = pipeline({
    name: "order",
    steps: [booking("reserve"), inner as Pipeline<string, Order, object>, send] as never,
  });
  return made as Pipeline<string, Order, object>;
}

/** The last errors of undos that failed for good. */
function stuckIn(error: unknown): StuckError[] {
  if (error instanceof StuckError) return [error];
  if (error instanceof RetryExhaustedError) return stuckIn(error.lastError);
  if (error instanceof AggregateError) return error.errors.flatMap(stuckIn);
  return [];
}

const orders = makeOrders();
const watches: Promise<unknown>[] = [];
/**
 * The failed undos, once each: an abandoned attempt that is undone within its run is reported
 * twice.
 */
const stuck = Array.from({ length: RUNS }, () => new Set<StuckError>());
let late = 0;

async function run(id: number): Promise<Result<object>> {
  const lines = Array.from({ length: 1 + id % 4 }, (_, n) => 10 * (n + 1));
  const aborter = new AbortController();
  seen.now++;
  seen.most = Math.max(seen.most, seen.now);
  const running = orders.run({ id, gift: id % 3 === 0, lines }, {
    signal: aborter.signal,
    waitUntil: (watch) => void watches.push(watch),
    onLate: ({ error }) => {
      late++;
      for (const one of stuckIn(error)) stuck[id]!.add(one);
    },
  });
  if (dice(id, "abort") < 0.2) {
    await ticks(Math.floor(150 * dice(id, "abort after")));
    aborter.abort();
  }
  const result = await running;
  seen.now--;
  return result;
}

/** The final bookings of a successful order. */
function booked(id: number): Map<string, number> {
  const own = [...books[id]!].filter(([account]) => account.startsWith("charge"));
  // Exactly one attempt of the charge, whichever it is.
  const paid = own.filter(([, amount]) => amount !== 0).slice(0, 1);
  const lines = Array.from({ length: 1 + id % 4 }, (_, n) => 10 * (n + 1));
  return new Map([
    ...["reserve", "points", "invoice", ...(id % 3 === 0 ? ["wrapping"] : [])]
      .map((account) => [account, id + 1] as const),
    ...paid.map(([account]) => [account, id + 1] as const),
    ...lines.map((line) => [`pack ${line}`, line] as const),
  ]);
}

const start = performance.now();
const results = await Promise.all(Array.from({ length: RUNS }, (_, id) => run(id)));
await Promise.all(watches);
const sums = new Map<string, number>();
const wrong: unknown[] = [];
results.forEach((result, id) => {
  if (!result.success) {
    for (const { error } of result.rollback.failed) {
      for (const one of stuckIn(error)) stuck[id]!.add(one);
    }
  }
  const left = [...books[id]!].filter(([, amount]) => amount !== 0);
  const right = booked(id);
  for (const [account, amount] of left) {
    const [total = ""] = account.split(" ");
    sums.set(total, (sums.get(total) ?? 0) + amount);
    const isLine = account.startsWith("pack");
    if (amount !== (isLine ? Number(account.slice(5)) : id + 1)) {
      wrong.push({ id, account, amount });
    }
  }
  const accounts = left.map(([account]) => account).toSorted();
  if (result.success && !accounts.some((account) => account.startsWith("charge"))) {
    wrong.push({ id, unpaid: accounts });
  }
  const due = result.success
    ? [...right.keys()].toSorted()
    : [...stuck[id]!].map(({ account }) => account).toSorted();
  if (JSON.stringify(accounts) !== JSON.stringify(due)) wrong.push({ id, left: accounts, due });
});
const balanced = [...totals].every(([account, amount]) => amount === (sums.get(account) ?? 0));
const succeeded = results.filter(({ success }) => success).length;
const aborted = results.filter((result) => !result.success && /ABORTED/.test(codeOf(result.error)));
console.log(JSON.stringify({
  ...seen,
  runs: results.length,
  succeeded,
  aborted: aborted.length,
  stuck: stuck.flatMap((errors) => [...errors]).length,
  late,
  balanced,
  wrong: wrong.slice(0, 5),
}));
console.error(`${RUNS} runs: ${Math.round(performance.now() - start)} ms`);

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
