// The cost of calls: pipelines as Workflows, and the same calls by hand.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { cloudflare, type WorkflowEvent, type WorkflowStep } from "@runsheet/cloudflare";
import { map, pipeline, step } from "@runsheet/runsheet";
import { commands, type Env } from "./support.ts";

const SEQUENCE = 300;
const ITEMS = 1_000;

type Case = "sequence" | "sequence by hand" | `map ${10 | 100}` | `map ${10 | 100} by hand`;

const item = step({ name: "item", run: ({ n }: { n: number }) => ({ n }) });
const steps = Array.from({ length: SEQUENCE }, (_, n) => step({ name: `s${n}`, run: () => {} }));
const list = () => Array.from({ length: ITEMS }, (_, n) => n);
const flows = {
  sequence: pipeline({ name: "sequence", steps: steps as unknown as [] }),
  "map 10": pipeline({
    name: "map",
    steps: [map("items", list, item, { as: "n", concurrency: 10 })],
  }),
  "map 100": pipeline({
    name: "map",
    steps: [map("items", list, item, { as: "n", concurrency: 100 })],
  }),
};

export class Runs extends WorkflowEntrypoint<Env, { name: Case }> {
  override async run(event: WorkflowEvent<{ name: Case }>, step: WorkflowStep): Promise<unknown> {
    const { name } = event.payload;
    if (name in flows) {
      const Flow = cloudflare(WorkflowEntrypoint, flows[name as keyof typeof flows] as never);
      return await (Flow.prototype as Runs).run.call(this, event, step);
    }
    const call = (n: number) =>
      step.do(`${n}`, config, () => Promise.resolve(JSON.stringify({ ok: true, value: { n } })));
    const [, concurrency = "1"] = /(\d+)/.exec(name) ?? [];
    const numbers = Array.from({ length: name.startsWith("map") ? ITEMS : SEQUENCE }, (_, n) => n)
      .values();
    const lane = async () => {
      for (const n of numbers) await call(n);
    };
    await Promise.all(Array.from({ length: Number(concurrency) }, lane));
    return {};
  }
}

const config = { retries: { limit: 5, delay: 1_000, backoff: "constant" }, timeout: 60_000 } as const;

export default commands;
