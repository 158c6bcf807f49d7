import type { WorkflowStep } from "./platform.ts";

/** The most bytes of a row: a few megabytes of the 128 that a Worker has. */
export const MAX_BYTES = 4_000_000;

const LONGEST_NAME = 256;
/** A step stores up to 1 MiB, in which a character may take several bytes. */
const LONGEST_PLAIN_TEXT = 200_000;
/** Retries a row that could not be written, and allows for calls that outlast the default limit. */
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

/** The name of a step. Rows run one after another, so two of them may have the same name. */
export function nameOf(id: string): string {
  // deno-lint-ignore no-control-regex -- the platform refuses them
  return id.replaceAll(/[\x00-\x1f\x7f]/g, "?").slice(0, LONGEST_NAME);
}
