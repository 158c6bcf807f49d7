import type { Codec } from "@runsheet/runsheet/durable";
import { CANCEL, isMessage, type Message, typeOf } from "./messages.ts";
import type { WorkflowStep } from "./platform.ts";
import { nameOf } from "./record.ts";

/** The longest wait that the platform allows. */
export const YEAR_MS: number = 365 * 86_400_000;

/** The events that have arrived from outside, as text, by type. */
export class Inbox {
  readonly #step: WorkflowStep;
  readonly #codec: Codec;
  readonly #onMail: () => void;
  readonly #texts = new Map<string, string[]>();
  readonly #taken = new Map<string, number>();
  readonly #known = new Set<string>();
  /** How many steps of the platform have been used: one for each event, and one for each wait. */
  steps = 0;
  /** The platform's own signal, or its failure. */
  failure: { readonly reason: unknown } | undefined;

  /** `onMail` is called when an event has arrived, or when no more will. */
  constructor(step: WorkflowStep, codec: Codec, onMail: () => void) {
    this.#step = step;
    this.#codec = codec;
    this.#onMail = onMail;
    this.#listen("cancellation", CANCEL);
  }

  /** Begins to listen for an event. */
  listen(name: string): void {
    const type = typeOf(name);
    if (!this.#texts.has(type)) this.#listen(name, type);
  }

  get cancellation(): string | undefined {
    return this.#texts.get(CANCEL)?.[0];
  }

  /** The oldest event of a name that the run has not taken. */
  peek(name: string): string | undefined {
    const type = typeOf(name);
    return this.#texts.get(type)?.[this.#taken.get(type) ?? 0];
  }

  /** Marks that event as taken, even in a replay, in which it may not have arrived yet. */
  take(name: string): void {
    const type = typeOf(name);
    this.#taken.set(type, (this.#taken.get(type) ?? 0) + 1);
  }

  async #listen(name: string, type: string): Promise<void> {
    const texts: string[] = [];
    this.#texts.set(type, texts);
    while (!this.failure) {
      this.steps++;
      try {
        const { payload } = await this.#step.waitForEvent(nameOf(name), {
          type,
          timeout: YEAR_MS,
        });
        const message = this.#messageOf(name, payload);
        if (!message || this.#known.has(message.id)) continue;
        this.#known.add(message.id);
        texts.push(message.text);
      } catch (reason) {
        // After a year, the wait starts again.
        if ((reason as Error).name === "WorkflowTimeoutError") continue;
        this.failure = { reason };
      }
      this.#onMail();
    }
  }

  /** Reads an event, which anyone may have sent: one that cannot be taken must not end the run. */
  #messageOf(name: string, payload: unknown): Pick<Message, "id" | "text"> | undefined {
    try {
      const { id, text } = isMessage(payload)
        ? payload
        : { id: crypto.randomUUID(), text: this.#codec.encode(payload) };
      this.#codec.decode(text);
      return { id, text };
    } catch (thrown) {
      const constraint = isMessage(payload)
        ? "must be what 'send' has written"
        : (thrown as Error).message;
      console.error(`Cannot take event '${name}' as its data ${constraint}`);
    }
  }
}
