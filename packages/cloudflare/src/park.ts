import { YEAR_MS } from "./inbox.ts";
import type { WorkflowStep } from "./platform.ts";
import { nameOf } from "./record.ts";

/**
 * Parks a run that this deployment must not continue, until the platform gives up this process. The
 * reason is the name of its last step, and the next deployment continues it.
 */
export async function park(step: WorkflowStep, reason: string): Promise<never> {
  console.error(reason);
  for (;;) {
    try {
      await step.waitForEvent(nameOf(reason), { type: "_resume", timeout: YEAR_MS });
      console.error(reason);
    } catch (thrown) {
      if ((thrown as Error).name !== "WorkflowTimeoutError") throw thrown;
    }
  }
}
