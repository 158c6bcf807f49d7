import type { WorkflowStep } from "./platform.ts";

/** The longest text of a row: some megabytes, of the 128 that a Worker has. */
export const LONGEST_TEXT = 4_000_000;

const LONGEST_NAME = 256;
/** A step keeps 1 MiB, in which each character may take several bytes. */
const LONGEST_PLAIN_TEXT = 200_000;
/**
 * A row that could not be written is written again; and a call may take longer than the platform
 * waits for it.
 */
const CONFIG = {
  retries: { limit: 1_000, delay: 1_000, backoff: "constant" },
  timeout: 30 * 60_000,
} as const;

/** Makes a value and records it as JSON, or takes it from the record. */
export async function record<T>(
  step: WorkflowStep,
  id: string,
  make: () => Promise<T>,
): Promise<T> {
  const stored = await step.do(nameOf(id), CONFIG, async () => {
    const text = JSON.stringify(await make());
    return text.length <= LONGEST_PLAIN_TEXT ? text : new Response(text).body!;
  });
  const isText = typeof stored === "string";
  return JSON.parse(isText ? stored : await new Response(stored as ReadableStream).text());
}

/** The name of a step. Rows follow each other, so two of them may have the same name. */
export function nameOf(id: string): string {
  // deno-lint-ignore no-control-regex -- the platform refuses them
  return id.replaceAll(/[\x00-\x1f\x7f]/g, "?").slice(0, LONGEST_NAME);
}
