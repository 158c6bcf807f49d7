import { YEAR_MS } from "./inbox.ts";
import type { WorkflowStep } from "./platform.ts";
import { nameOf } from "./record.ts";

/**
 * Leaves a run that this deployment must not continue as it is, until the platform gives up this
 * process. It is waiting then, with the reason as the name of its last step, and is continued by the
 * next deployment.
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
