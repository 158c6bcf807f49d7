import { assertRejects } from "@std/assert";
import { type AnyStep, map, parallel, type Pipeline, pipeline, step } from "@runsheet/runsheet";
import {
  assertCompensated,
  type Ledger,
  ledger,
  sweep,
  type SweepOptions,
} from "@runsheet/runsheet/testing";
import { type } from "arktype";
import { never } from "./deferred.ts";
import { payments } from "./payments.ts";

/** A bug planted in a pipeline that uses a ledger. */
export interface Bug {
  readonly steps: (books: Ledger) => readonly AnyStep[];
  /** The step, fault and effect that the message must name. */
  readonly names: readonly string[];
  readonly options?: SweepOptions;
}

const timeout = 1_000;
const ship = step({ name: "ship", run: () => {} });

export const bugs: Record<string, Bug> = {
  "a handler that is missing": {
    steps: (books) => [
      step({ name: "charge", run: async () => ({ id: await payments(books).charge() }) }),
      ship,
    ],
    names: [
      "'charge' has no undo",
      "the run of 'checkout' fails at its end",
      "charge ch_1 is left, by 'charge'",
      "ship@1 (before, after, invalid, abort)",
    ],
  },
  "a handler that reads the wrong field": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge(), orderId: "o1" }),
        rollback: {
          run: (_ctx, output) => payments(books).refund(output.orderId),
          timeout,
        },
      }),
    ],
    names: [
      "the run of 'checkout' fails at its end",
      "charge ch_1 is left, by 'charge'",
      "charge o1 is undone too often, by 'charge'",
    ],
  },
  "a handler that never settles": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: () => never(),
      }),
    ],
    names: [
      "the run of 'checkout' fails at its end",
      "the run does not end",
      "the undo of 'charge!undo' failed: it never settles",
    ],
    options: { patience: 20 },
  },
  "a handler that may hang, and has no timeout": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: (_ctx, { id }) => payments(books).refund(id),
      }),
    ],
    names: ["'charge!undo' hangs", "the run does not end", "needs a 'timeout'"],
  },
  "a handler that ignores its signal, and is retried while it still runs": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: {
          run: async (_ctx, { id }) => {
            await Promise.resolve();
            await payments(books).refund(id);
          },
          timeout,
          retry: { count: 1 },
        },
      }),
    ],
    names: [
      "'charge!undo' throws after its effect",
      "charge ch_1 is undone too often",
      "the same in charge!undo (hang)",
    ],
  },
  "an undo that is not idempotent, and is retried": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: {
          run: (_ctx, { id }, { signal }) => {
            signal.throwIfAborted();
            return payments(books).refund(id);
          },
          timeout,
          retry: { count: 1 },
        },
      }),
    ],
    names: ["'charge!undo' throws after its effect", "charge ch_1 is undone too often"],
  },
  "an undo that fails when it is retried, as everything is undone by then": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: {
          run: (_ctx, { id }) =>
            books.call(() => {
              if (!books.has("charge", id)) throw new Error("refunded already");
              books.remove("charge", id);
            }),
          timeout,
          retry: { count: 1 },
        },
      }),
    ],
    names: [
      "'charge!undo' throws after its effect",
      "the undo of 'charge' failed: Cannot retry 'charge' as its 1 retries are used up",
      "refunded already",
    ],
  },
  "a retry that is not idempotent": {
    steps: (books) => {
      const { charge, refund } = payments(books);
      return [
        step({
          name: "charge",
          run: async () => ({ id: await charge() }),
          rollback: { run: (_ctx, { id }) => refund(id), timeout },
          retry: { count: 1 },
        }),
        ship,
      ];
    },
    names: ["'charge@1' throws after its effect", "the run succeeds, but with 1 charge too many"],
  },
  "a retry that is not idempotent, in a run that continues": {
    steps: (books) => {
      const { charge } = payments(books);
      return [
        step({
          name: "charge",
          retry: { count: 1 },
          run: async () => void await charge(),
          rollback: {
            // Undoes everything, so that only a successful run reveals the bug.
            run: () =>
              books.call(() => {
                for (const { id } of books.left()) books.remove("charge", id);
              }),
            timeout,
          },
        }),
      ];
    },
    names: ["'charge@1' throws after its effect", "the run succeeds, but with 1 charge too many"],
  },
  "a late attempt whose undo removes the effect of the retry, as their outputs differ": {
    steps: (books) => [
      step({
        name: "charge",
        timeout,
        retry: { count: 1 },
        run: async (_ctx, { key, attempt }) => {
          await payments(books).chargeByKey(key);
          return { key, attempt };
        },
        rollback: { run: (_ctx, { key }) => payments(books).void(key), timeout },
      }),
    ],
    names: [
      "'charge@1' times out, and lands late",
      "the same in charge@1!effect1 (late, overtaken)",
      "the run succeeds, but with 1 charge too few",
      "two attempts asked for 'charge sweep/checkout/charge', and returned different outputs: let them return the same",
    ],
  },
  "a retry that gets no charge, as the id of an undone charge returns nothing": {
    steps: (books) => [
      step({
        name: "charge",
        retry: { count: 1 },
        run: async (_ctx, { defer }) => {
          defer({ run: () => payments(books).void("order-1"), timeout });
          await payments(books).chargeByKey("order-1");
        },
      }),
    ],
    names: [
      "'charge@1' throws after its effect",
      "the run succeeds, but with 1 charge too few",
      "two attempts asked for 'charge order-1': send 'key' for it, which is another one after an undo",
    ],
  },
  "a handler that undoes only part": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge(50) }),
        rollback: { run: (_ctx, { id }) => payments(books).refund(id, 45), timeout },
      }),
    ],
    names: ["the run of 'checkout' fails at its end", "5 of charge ch_1 is left, by 'charge'"],
  },
  "an effect before a check that can fail, without defer": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => {
          const id = await payments(books).charge();
          if (id === "") throw new Error("declined");
          return { id };
        },
        rollback: { run: (_ctx, { id }) => payments(books).refund(id), timeout },
      }),
    ],
    names: ["'charge@1' throws after its effect", "charge ch_1 is left, by 'charge'", "'defer'"],
  },
  "an item of a map that has not deferred its undo": {
    steps: (books) => [
      map("lines", () => ["a", "b"], (line) => books.add("line", line)),
    ],
    names: [
      "'map(lines)[0]' is running when the caller aborts",
      "line a is left, by 'map(lines)[0]'",
      "the same in map(lines)[1] (before)",
    ],
  },
  "an undo of the wrong item": {
    steps: (books) => {
      let last = "";
      const write = step({
        name: "write",
        run: async ({ line }: { line: string }) => {
          await books.add("line", line);
          last = line;
        },
        rollback: { run: () => books.remove("line", last), timeout },
      });
      return [map("lines", () => ["a", "b"], write, { as: "line" })];
    },
    names: [
      "the run of 'checkout' fails at its end",
      "line a is left, by 'map(lines)[0]/write'",
      "line b is undone too often",
    ],
  },
  "a handler that swallows an error, and does nothing": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: () => {
          try {
            throw new Error("no route");
          } catch {
            // as if it were logged
          }
        },
      }),
    ],
    names: ["the run of 'checkout' fails at its end", "charge ch_1 is left, by 'charge'"],
  },
  "a handler that throws": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: () => {
          throw new Error("no route");
        },
      }),
    ],
    names: [
      "the run of 'checkout' fails at its end",
      "charge ch_1 is left",
      "the undo of 'charge' failed: no route",
    ],
  },
  "a handler that relies on the output that 'provides' returns": {
    steps: (books) => [
      step({
        name: "charge",
        provides: type({ id: "string.trim" }),
        run: async () => ({ id: ` ${await payments(books).charge()} ` }),
        rollback: { run: (_ctx, { id }) => payments(books).void(id), timeout },
      }),
    ],
    names: ["'charge@1' returns an output that is refused", "charge ch_1 is left, by 'charge'"],
  },
  "an attempt that lands late, and that only the next step would have undone": {
    steps: (books) => [
      step({
        name: "open",
        timeout,
        run: async () => ({ id: await payments(books).charge() }),
      }),
      step({
        name: "use",
        run: (_ctx: { id: string }, { defer }) => {
          defer({ run: () => payments(books).void("ch_1"), timeout });
        },
      }),
    ],
    names: [
      "'open' has no undo",
      "'open@1' throws after its effect",
      "charge ch_1 is left, by 'open'",
      "the same in open@1 (late, invalid, abort)",
    ],
  },
  "a handler that uses the signal of the run": {
    steps: (books) => {
      let ofRun: AbortSignal;
      return [
        step({
          name: "charge",
          run: async (_ctx, { signal }) => {
            ofRun = signal;
            return { id: await payments(books).charge() };
          },
          rollback: {
            run: (_ctx, { id }) => {
              ofRun.throwIfAborted();
              return payments(books).refund(id);
            },
            timeout,
          },
        }),
      ];
    },
    names: ["'charge@1' is running when the caller aborts", "charge ch_1 is left, by 'charge'"],
  },
  "an undo that another step's undo does, too": {
    steps: (books) => [
      step({
        name: "charge",
        run: async () => ({ id: await payments(books).charge() }),
        rollback: { run: (_ctx, { id }) => payments(books).refund(id), timeout },
      }),
      step({
        name: "book",
        run: (_ctx: { id: string }) => {},
        rollback: { run: ({ id }) => books.remove("charge", id), timeout },
      }),
    ],
    names: ["the run of 'checkout' fails at its end", "charge ch_1 is undone too often"],
  },
  "a branch that is not undone when its neighbour fails": {
    steps: (books) => [
      parallel(
        step({ name: "charge", run: async () => ({ id: await payments(books).charge() }) }),
        ship,
      ),
    ],
    names: [
      "the run of 'checkout' fails at its end",
      "parallel(charge, ship)/ship@1 (before, after, invalid, abort)",
      "charge ch_1 is left, by 'parallel(charge, ship)/charge'",
    ],
  },
};

function checkoutOf(steps: readonly AnyStep[]): Pipeline<"checkout", object, object> {
  return pipeline({ name: "checkout", steps }) as Pipeline<"checkout", object, object>;
}

/** The message of `assertCompensated`. */
export async function messageOf(bug: Bug, only?: string): Promise<string> {
  const books = ledger();
  const report = await sweep(checkoutOf(bug.steps(books)), {}, {
    ledger: books,
    ...bug.options,
    ...(only !== undefined && { only }),
  });
  const error = await assertRejects(() => Promise.resolve().then(() => assertCompensated(report)));
  return (error as Error).message;
}
