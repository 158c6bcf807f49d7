import { ConfigError } from "@runsheet/runsheet";
import { checkText, codec } from "@runsheet/runsheet/durable";
import type { WorkflowInstance } from "./platform.ts";

/** The payload of an event from `send` or `cancel`. */
export interface Message {
  /** Distinguishes it from the payload of a plain event. */
  readonly by: typeof BY;
  /** Identifies the event, as the local emulation may deliver it twice after a crash. */
  readonly id: string;
  /** The data, encoded. */
  readonly text: string;
}

/** The type of the event that cancels a run; no event's name is encoded like this. */
export const CANCEL = "_cancel";

const BY = "@runsheet/cloudflare";
const LONGEST_TYPE = 100;

/**
 * The platform's type for an event, which may have only letters, digits, `-` and `_`. That of a long
 * name ends with a digest.
 */
export function typeOf(name: string): string {
  const type = name.replaceAll(
    /[^A-Za-z0-9-]/gu,
    (character) => `_${character.codePointAt(0)!.toString(16)}_`,
  );
  if (type.length <= LONGEST_TYPE) return type;
  const digest = `_h${hashOf(type, 31)}${hashOf(type, 37)}`;
  return type.slice(0, LONGEST_TYPE - digest.length) + digest;
}

function hashOf(text: string, factor: number): string {
  let hash = 7;
  for (let n = 0; n < text.length; n++) hash = (Math.imul(hash, factor) + text.charCodeAt(n)) >>> 0;
  return hash.toString(16).padStart(8, "0");
}

export function isMessage(payload: unknown): payload is Message {
  return (payload as Partial<Message> | undefined)?.by === BY;
}

/**
 * Answers a `waitFor` of a run, even before the run waits.
 *
 * @param instance The instance: `await env.CHECKOUT.get(runId)`.
 * @param name The event's name.
 * @param data The event's data: plain data, as for any durable run.
 * @throws {ConfigError} If there is no instance, no name, or the data cannot be recorded.
 */
export async function send(
  instance: WorkflowInstance,
  name: string,
  data?: unknown,
): Promise<void> {
  checkText("send an event", "its name", name);
  await post(`send '${name}'`, instance, typeOf(name), data);
}

/**
 * Cancels a run, which is then rolled back, unless it has succeeded by then.
 *
 * @param instance The instance: `await env.CHECKOUT.get(runId)`.
 * @param reason The reason, which is recorded.
 * @throws {ConfigError} If there is no instance, or the reason cannot be recorded.
 */
export async function cancel(instance: WorkflowInstance, reason?: unknown): Promise<void> {
  await post("cancel", instance, CANCEL, reason);
}

async function post(
  action: string,
  instance: WorkflowInstance | undefined,
  type: string,
  data: unknown,
): Promise<void> {
  // A binding that wrangler's configuration lacks is undefined.
  if (typeof instance?.sendEvent !== "function") {
    throw new ConfigError(
      `Cannot ${action} as it must be given an instance of a Workflow: current value is ${typeof instance}`,
    );
  }
  const payload: Message = { by: BY, id: crypto.randomUUID(), text: encoded(action, data) };
  await instance.sendEvent({ type, payload });
}

function encoded(action: string, data: unknown): string {
  try {
    return codec().encode(data);
  } catch (thrown) {
    throw new ConfigError(`Cannot ${action} as its data ${(thrown as Error).message}`);
  }
}
