import { type Pipeline, pipeline, step } from "@runsheet/runsheet";
import {
  type Ledger,
  ledger,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";

const hour = 3_600_000;

/** A checkout that withstands everything: every undo is idempotent, by a key that is known before the effect. */
function robust(books: Ledger): Pipeline<"checkout", { sku: string }, object> {
  const undo = (effect: string, id: string) => async () => {
    await Promise.resolve();
    if (books.has(effect, id)) books.remove(effect, id);
  };
  const reserve = step({
    name: "reserve",
    run: ({ sku }: { sku: string }, { defer }) => {
      defer({ run: undo("reservation", sku), timeout: hour });
      books.add("reservation", sku);
    },
  });
  const charge = step({
    name: "charge",
    timeout: hour,
    retry: { count: 1, delay: hour },
    run: async (_ctx, { key, attempt, defer }) => {
      const id = `${key}@${attempt}`;
      defer({ run: undo("charge", id), timeout: hour, retry: { count: 1, delay: hour } });
      await Promise.resolve();
      books.add("charge", id);
      await Promise.resolve();
      return { id };
    },
  });
  return pipeline({ name: "checkout", steps: [reserve, charge] });
}

/** The cases as they are written in `only`, with what came of them. */
export function outcomes({ rows }: SweepReport): string[] {
  return rows.map(({ id, fault, outcome }) => `${id}: ${fault} ${outcome}`);
}

export async function sweepRobust(options: SweepOptions = {}): Promise<SweepReport> {
  const books = ledger();
  return await sweep(robust(books), { sku: "tea" }, { ledger: books, ...options });
}
