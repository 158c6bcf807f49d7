import process from "node:process";
import type { OrderEnd } from "../../../../tests/support/checkout_world.ts";
import type { CheckoutEngine } from "../../../../tests/support/killed_checkouts.ts";
import { spawnFile } from "../../../../tests/support/spawn.ts";
import { script } from "./script.ts";

/** Checks out orders of examples/checkout in processes that use DBOS. */
export function checkoutEngine(databaseUrl: string, worldUrl: string): CheckoutEngine {
  let pid: number;
  return {
    async checkOut(runId, order) {
      const args = [databaseUrl, worldUrl, runId, JSON.stringify(order)];
      for (;;) {
        const onStart = (started: number) => void (pid = started);
        const { stdout, stderr } = await spawnFile(script("checkout_worker"), args, { onStart });
        if (stdout !== "") return JSON.parse(stdout) as OrderEnd;
        // One that was killed prints nothing.
        if (stderr !== "") throw new Error(stderr);
      }
    },
    kill() {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    },
    stop() {},
  };
}
