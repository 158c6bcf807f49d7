// The checkout, observed: each observer beside a run that nobody observes, and that one beside a
// library without the hook for observers.
import { events, observe, type Watcher } from "@runsheet/runsheet/observe";
import { files, load } from "../contenders/cut_hook.ts";
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

const unobserved = () => running("nobody observes", checkout(asynchronous), orders());

/** The checkout in one of the bundles. They share no code, so each has run other pipelines, too. */
async function bundled(name: string, file: string): Promise<Contender> {
  const library = await load(file);
  await runOthers(300, library);
  return running(name, checkout(asynchronous, {}, library), orders());
}

export const cases: readonly Case[] = [
  {
    name: "observers: nobody listens",
    contenders: [
      await bundled("runsheet", files.whole),
      await bundled("its hook cut out", files.cut),
    ],
    targets: { "its hook cut out": 1.05 },
  },
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
