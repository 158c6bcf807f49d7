import { ConfigError } from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";
import type { WorkflowInstance } from "./platform.ts";

/** The payload of an event from `send` or `cancel`. */
export interface Message {
  /** Identifies the event, as the local emulation may deliver it twice after a crash. */
  readonly id: string;
  /** The data, encoded. */
  readonly text: string;
}

/** The type of the event that cancels a run; no event's name is encoded like this. */
export const CANCEL = "_cancel";

const LONGEST_TYPE = 100;

/** The platform's type for an event, which may have only letters, digits, `-` and `_`. */
export function typeOf(name: string): string {
  const type = name.replaceAll(
    /[^A-Za-z0-9-]/gu,
    (character) => `_${character.codePointAt(0)!.toString(16)}_`,
  );
  if (type.length <= LONGEST_TYPE) return type;
  throw new ConfigError(
    `Cannot wait for '${name}' as its name must fit in ${LONGEST_TYPE} letters, digits and hyphens, where any other character takes several: it takes ${type.length}`,
  );
}

export function isMessage(payload: unknown): payload is Message {
  const { id, text } = (payload ?? {}) as Partial<Message>;
  return typeof id === "string" && typeof text === "string";
}

/**
 * Answers a `waitFor` of a run, even before the run waits.
 *
 * @param instance The instance: `await env.CHECKOUT.get(runId)`.
 * @param name The event's name.
 * @param data The event's data: plain data, as for any durable run.
 * @throws {ConfigError} If there is no instance, or the name is too long.
 */
export async function send(
  instance: WorkflowInstance,
  name: string,
  data?: unknown,
): Promise<void> {
  await post(`send '${name}'`, instance, typeOf(name), data);
}

/**
 * Cancels a run, which is then rolled back, unless it has succeeded by then.
 *
 * @param instance The instance: `await env.CHECKOUT.get(runId)`.
 * @param reason The reason, which is recorded.
 * @throws {ConfigError} If there is no instance.
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
  const payload: Message = { id: crypto.randomUUID(), text: codec().encode(data) };
  await instance.sendEvent({ type, payload });
}
