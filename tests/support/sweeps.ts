import { type Pipeline, pipeline, step } from "@runsheet/runsheet";
import {
  type Ledger,
  ledger,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";

const hour = 3_600_000;

/**
 * A checkout that survives everything: every undo is idempotent, by a key known before the effect.
 */
function robust(books: Ledger): Pipeline<"checkout", { sku: string }, object> {
  const reserve = step({
    name: "reserve",
    run: async ({ sku }: { sku: string }, { defer }) => {
      defer({ run: () => books.forbid("reservation", sku), timeout: hour });
      await books.add("reservation", sku);
    },
  });
  const charge = step({
    name: "charge",
    timeout: hour,
    retry: { count: 1, delay: hour },
    run: async (_ctx, { key, attempt, signal, defer }) => {
      const id = `${key}@${attempt}`;
      defer({
        run: ({ signal }) => books.forbid("charge", id, { signal }),
        timeout: hour,
        retry: { count: 1, delay: hour },
      });
      await books.add("charge", id, { signal });
      return { id };
    },
  });
  return pipeline({ name: "checkout", steps: [reserve, charge] });
}

/** The cases, in the notation of `only`, with their outcomes. */
export function outcomes({ rows }: SweepReport): string[] {
  return rows.map(({ id, fault, outcome }) => `${id}: ${fault} ${outcome}`);
}

export async function sweepRobust(options: SweepOptions = {}): Promise<SweepReport> {
  const books = ledger();
  return await sweep(robust(books), { sku: "tea" }, { ledger: books, ...options });
}
