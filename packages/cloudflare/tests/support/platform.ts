// Stands in for Cloudflare Workflows in this process, with the behaviour of its local emulation:
// names that are counted, limits, and events that come twice after a crash.
import type { WorkflowInstance, WorkflowStep } from "@runsheet/cloudflare";

/** The entrypoint that runs an instance. */
interface Entrypoint {
  run(event: { payload: never; instanceId: string }, step: WorkflowStep): Promise<unknown>;
}

/** The class from which entrypoints are made. */
export class WorkflowEntrypoint<Env = unknown> {
  declare protected ctx: unknown;
  protected env: Env;

  constructor(_ctx: unknown, env: Env) {
    this.env = env;
  }
}

const never = new Promise<never>(() => {});

/** An instance, and its record. */
export class Instance implements WorkflowInstance {
  /** The steps that were recorded, in order, with their texts. */
  readonly record: Map<string, string> = new Map();
  /** Whether the platform calls each step again, as after a time-out of its own. */
  timesOut = false;
  /** The steps whose outputs were streams. */
  readonly streamed: string[] = [];
  readonly #stepLimit: number;
  readonly #events: { type: string; payload: unknown }[] = [];
  #life: Life | undefined;

  constructor(stepLimit = 10_000) {
    this.#stepLimit = stepLimit;
  }

  /** Begins a life of the instance, or continues it in another one. */
  async live(entrypoint: Entrypoint, payload: unknown, instanceId = "run-1"): Promise<unknown> {
    this.kill();
    this.#life = new Life(this, this.#stepLimit, this.#events);
    return await entrypoint.run({ payload: payload as never, instanceId }, this.#life);
  }

  /** Kills the process: nothing that was begun settles. */
  kill(): void {
    if (this.#life) this.#life.isDead = true;
  }

  sendEvent(event: { type: string; payload: unknown }): Promise<void> {
    this.#events.push(event);
    this.#life?.deliver(event);
    return Promise.resolve();
  }

  /** The names of the recorded steps. */
  get names(): string[] {
    return [...this.record.keys()].map((key) => key.replace(/ \d+$/, ""));
  }
}

class Life implements WorkflowStep {
  isDead = false;
  readonly #instance: Instance;
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  readonly #events: { type: string; payload: unknown }[];
  readonly #waiters: { type: string; resolve: (event: { payload: unknown }) => void }[] = [];
  #steps = 0;

  constructor(instance: Instance, limit: number, events: { type: string; payload: unknown }[]) {
    this.#instance = instance;
    this.#limit = limit;
    this.#events = [...events];
  }

  async do(...[name, , callback]: Parameters<WorkflowStep["do"]>): Promise<unknown> {
    const { record, streamed } = this.#instance;
    this.#count();
    // deno-lint-ignore no-control-regex -- as the platform does
    if (name.length > 256 || /[\x00-\x1f]/.test(name)) throw new Error(`the name '${name}'`);
    const key = this.#counted(name);
    let text = record.get(key);
    if (text === undefined) {
      if (this.#instance.timesOut) void callback();
      const output = await callback();
      const isStream = typeof output !== "string";
      text = isStream ? await new Response(output).text() : output;
      if (this.isDead) return await never;
      if (isStream) streamed.push(name);
      else if (text.length > 500_000) throw new Error("the output is too large");
      record.set(key, text);
    }
    await new Promise((resolve) => setTimeout(resolve));
    if (this.isDead) return await never;
    return streamed.includes(name) ? new Response(text).body : text;
  }

  async sleep(_name: string, ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (this.isDead) await never;
  }

  async waitForEvent(name: string, { type }: { type: string }): Promise<{ payload: unknown }> {
    this.#count();
    const key = this.#counted(`event ${name}`);
    const known = this.#instance.record.get(key);
    if (known !== undefined) return JSON.parse(known);
    const event = await new Promise<{ payload: unknown }>((resolve) => {
      const at = this.#events.findIndex((event) => event.type === type);
      if (at >= 0) resolve(this.#events.splice(at, 1)[0]!);
      else this.#waiters.push({ type, resolve });
    });
    if (this.isDead) return await never;
    this.#instance.record.set(key, JSON.stringify(event));
    return event;
  }

  deliver(event: { type: string; payload: unknown }): void {
    const at = this.#waiters.findIndex(({ type }) => type === event.type);
    if (at < 0) this.#events.push(event);
    else this.#waiters.splice(at, 1)[0]!.resolve(event);
  }

  #count(): void {
    if (++this.#steps <= this.#limit) return;
    throw new Error(`The limit of ${this.#limit} steps has been reached`);
  }

  #counted(name: string): string {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return `${name} ${count}`;
  }
}
