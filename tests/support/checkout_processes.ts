import process from "node:process";
import type { OrderEnd } from "./checkout_services.ts";
import type { CheckoutEngine } from "./killed_checkouts.ts";
import { spawnFile } from "./spawn.ts";

/**
 * Checks out each order in a process, which is given the args, the id of its run, and the order.
 *
 * @param path The file that the process runs; it prints how the order has ended.
 */
export function checkoutProcesses(path: string, ...args: string[]): CheckoutEngine {
  let pid: number;
  let isKilled = false;
  const onStart = (started: number) => void (pid = started);
  return {
    async checkOut(runId, order) {
      const all = [...args, runId, JSON.stringify(order)];
      for (;;) {
        isKilled = false;
        const { stdout, stderr } = await spawnFile(path, all, { onStart });
        if (stdout !== "") return JSON.parse(stdout) as OrderEnd;
        if (!isKilled) throw new Error(stderr);
      }
    },
    kill() {
      isKilled = true;
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    },
    stop() {},
  };
}
