// The workflows of the worker: its `workflowsPath`.
import { runInWorkflow } from "./run_in_workflow.ts";
import { step } from "@runsheet/runsheet";
import { order as pipeline } from "./order.ts";

/** Places an order. */
export function order(args: { sku: string; card: string }) {
  return runInWorkflow(pipeline, args, { shop: {} });
}

/** Prints a failed result. */
export async function printed(): Promise<string> {
  const fails = step({
    name: "fails",
    run() {
      throw new Error("the workflow has failed");
    },
  });
  return JSON.stringify(await fails.run({}, { runId: "run" }));
}

/** Lists the globals that the sandbox lacks. */
export function missingGlobals(names: string[]): Promise<string[]> {
  return Promise.resolve(names.filter((name) => !(name in globalThis)));
}
