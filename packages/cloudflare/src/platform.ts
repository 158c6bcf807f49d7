// The part of the platform that this package uses: structural types, which fit any version of it.

/** The class `WorkflowEntrypoint` of `cloudflare:workers`. */
// deno-lint-ignore no-explicit-any -- TypeScript wants it of classes that are extended
export type EntrypointClass = abstract new (...args: any[]) => object;

/** The event that begins an instance. */
export interface WorkflowEvent<Args> {
  /** The args of the run: the `params` that the instance was created with. */
  readonly payload: Readonly<Args>;
  /** The instance's id, which is the id of the run. */
  readonly instanceId: string;
}

/** The steps of an instance. */
export interface WorkflowStep {
  /** Makes a call and records its outcome, or answers from the record. */
  do(
    name: string,
    config: {
      readonly retries: {
        readonly limit: number;
        readonly delay: number;
        readonly backoff: "constant";
      };
      readonly timeout: number;
    },
    callback: () => Promise<string | ReadableStream<Uint8Array>>,
  ): Promise<unknown>;
  /** Waits, if need be in another process. */
  sleep(name: string, ms: number): Promise<void>;
  /** Waits for an event from outside. */
  waitForEvent(
    name: string,
    options: { readonly type: string; readonly timeout: number },
  ): Promise<{ readonly payload: unknown }>;
}

/** An instance of a Workflow, as its binding returns it. */
export interface WorkflowInstance {
  /** Sends an event to the instance. */
  sendEvent(event: { readonly type: string; readonly payload: unknown }): Promise<void>;
}

/** A binding of a Workflow. */
export interface Workflow {
  /** Finds an instance. */
  get(id: string): Promise<WorkflowInstance>;
}
