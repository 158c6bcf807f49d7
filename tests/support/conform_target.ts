import { durable, type Store } from "@runsheet/runsheet/durable";
import {
  type ConformTarget,
  inProcess,
  type InProcessRuns,
  type Mortal,
  type Saga,
} from "@runsheet/runsheet/testing";
import { Table } from "./kill_store.ts";

/** Makes the durable runs of a saga over the run's own table, parts of which may be replaced. */
type Open = (saga: Saga, replace?: (table: Table) => Partial<Store>) => InProcessRuns;

/** The target of `durable` over a table in memory; leases end with the worker. */
export function conformTarget(
  make: (saga: Saga, mortal: Mortal, open: Open) => InProcessRuns = (saga, _mortal, open) =>
    open(saga),
): ConformTarget {
  return (outside) => {
    const table = new Table();
    const target = inProcess((saga, mortal) => {
      table.endLeases();
      return make(saga, mortal, (own, replace) => {
        const worker = table.worker();
        const store: Store = {
          load: (runId, from) => worker.load(runId, from),
          append: (runId, seq, row) => worker.append(runId, seq, row),
          list: (which) => worker.list(which),
          ...replace?.(table),
        };
        return durable(own, { store: mortal(store), lateMs: 5_000, onLate: () => {} });
      });
    });
    return target(outside);
  };
}
