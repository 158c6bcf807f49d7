// The checkout, observed: each observer beside a run without observers, and that run beside the
// library without the hook for observers.
import { events, observe, type Watcher } from "@runsheet/runsheet/observe";
import { files, load } from "../contenders/cut.ts";
import { checkout, dataOf, running, summary } from "../contenders/runsheet.ts";
import type { Case, Contender } from "../harness.ts";
import { runOthers } from "../others.ts";
import { asynchronous, orders } from "../work.ts";

function observed(name: string, observer: Watcher): Contender {
  const { run } = checkout(asynchronous);
  const next = orders();
  const options = { observer };
  return { name, run: () => run(next(), options), outcome: dataOf, detail: summary };
}

const unobserved = () => running("no observer", checkout(asynchronous), orders());

/** The checkout in one of the bundles. They share no code, so each has run other pipelines, too. */
async function bundled(name: string, file: string): Promise<Contender> {
  const library = await load(file);
  await runOthers(300, library);
  return running(name, checkout(asynchronous, {}, library), orders());
}

export const cases: readonly Case[] = [
  {
    name: "observers: no observer",
    contenders: [
      await bundled("runsheet", files.whole),
      await bundled("its hook cut out", files.cut),
    ],
    targets: { "its hook cut out": 1.05 },
  },
  {
    name: "observers: a run that is not sampled",
    contenders: [observed("says false", observe(() => false)), unobserved()],
    targets: { "no observer": 1.5 },
  },
  {
    name: "observers: one that does nothing",
    contenders: [observed("no-op", observe(() => ({ end() {} }))), unobserved()],
    targets: { "no observer": 3 },
  },
  {
    name: "observers: events",
    contenders: [observed("events", events(() => {})), unobserved()],
    targets: { "no observer": 4 },
  },
];
