// An order as a Workflow, in two versions: the second lacks a step.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { cloudflare, type WorkflowEvent, type WorkflowStep } from "@runsheet/cloudflare";
import { map, pipeline, step, waitFor } from "@runsheet/runsheet";
import { commands, type Env, tell } from "./support.ts";

declare const VERSION: number;

interface Args {
  items: number;
}

function orderOf(env: Env) {
  const effect = (name: string) =>
    step({
      name,
      run: () => tell(env, "do", { name }),
      rollback: () => tell(env, "undo", { name }),
    });
  const item = step({
    name: "item",
    run: ({ n }: { n: number }) => tell(env, "do", { name: `item ${n}` }),
    rollback: ({ n }) => tell(env, "undo", { name: `item ${n}` }),
  });
  const items = map(
    "items",
    ({ items }: Args) => Array.from({ length: items }, (_, n) => n),
    item,
    { as: "n", concurrency: 4 },
  );
  // 600,000 bytes: more than a step keeps as text, and read again after the kill.
  const large = step({ name: "large", run: () => ({ large: "ä".repeat(300_000) }) });
  const count = step({
    name: "count",
    run: ({ large }: { large: string }) => tell(env, "do", { name: `large ${large.length}` }),
  });
  const approval = waitFor("approval");
  const name = "order";
  return VERSION === 1
    ? pipeline({ name, steps: [effect("reserve"), items, large, approval, count] })
    : pipeline({ name, steps: [effect("book"), items, large, approval, count] });
}

export class Runs extends WorkflowEntrypoint<Env, Args> {
  override run(event: WorkflowEvent<Args>, step: WorkflowStep): Promise<unknown> {
    const Order = cloudflare(WorkflowEntrypoint<Env, Args>, orderOf(this.env), { steps: 60 });
    return Order.prototype.run.call(this, event, step);
  }
}

export default commands;
