// The checkout, observed: each observer beside a run that nobody observes.
import { events, observe, type Watcher } from "@runsheet/runsheet/observe";
import { checkout, dataOf, running, summary } from "../contenders/runsheet.ts";
import type { Case, Contender } from "../harness.ts";
import { asynchronous, orders } from "../work.ts";

function observed(name: string, observer: Watcher): Contender {
  const { run } = checkout(asynchronous);
  const next = orders();
  const options = { observer };
  return { name, run: () => run(next(), options), outcome: dataOf, detail: summary };
}

const unobserved = () => running("nobody observes", checkout(asynchronous), orders());

export const cases: readonly Case[] = [
  {
    name: "observers: a run that is not sampled",
    contenders: [observed("says false", observe(() => false)), unobserved()],
    targets: { "nobody observes": 1.5 },
  },
  {
    name: "observers: one that does nothing",
    contenders: [observed("no-op", observe(() => ({ end() {} }))), unobserved()],
    targets: { "nobody observes": 3 },
  },
  {
    name: "observers: events",
    contenders: [observed("events", events(() => {})), unobserved()],
    targets: { "nobody observes": 4 },
  },
];
