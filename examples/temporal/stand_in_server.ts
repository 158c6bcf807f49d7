// A stand-in for Temporal's server, as far as a worker needs one to carry out one workflow. It is
// not Temporal: it keeps events in memory, lets no activity fail, and skips time when nothing else
// can happen. The worker, its workflow sandbox and its checks of a replay are Temporal's own.
import grpc from "@grpc/grpc-js";
import { defaultPayloadConverter } from "@temporalio/common";
import proto from "@temporalio/proto";

const { v1: service } = proto.temporal.api.workflowservice;
const { CommandType, EventType } = proto.temporal.api.enums.v1;

type Command = proto.temporal.api.command.v1.ICommand;
type Event = proto.temporal.api.history.v1.IHistoryEvent;

interface CompletedTask {
  readonly commands: readonly Command[];
  readonly sdkMetadata: object;
}

interface Activity {
  readonly scheduledEventId: number;
  readonly attributes: object;
  isStarted: boolean;
}

interface Timer {
  readonly timerId: string;
  readonly startedEventId: number;
  readonly endsAt: number;
}

/** Something that happens to the workflow from outside, once it only waits. */
export type Happening = { readonly send: readonly unknown[] } | "cancel";

/** The workflow to carry out. */
export interface Start {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly args: readonly unknown[];
  readonly happenings: readonly Happening[];
}

const taskQueue = { name: "orders" };
const RUN_ID = "00000000-0000-4000-8000-000000000000";

export class StandInServer {
  /** The history so far. */
  readonly events: Event[] = [];
  /** Resolves when the workflow has ended, rejects when a task has failed. */
  readonly ended: Promise<void>;
  readonly #start: Start;
  readonly #happenings: Happening[];
  readonly #server = new grpc.Server();
  readonly #activities = new Map<string, Activity>();
  readonly #polls: Record<"workflow" | "activity", ((task: object) => void)[]> = {
    workflow: [],
    activity: [],
  };
  /** What happens during a workflow task is recorded after it, as Temporal does. */
  readonly #buffered: (() => void)[] = [];
  #timers: Timer[] = [];
  #task: { scheduledEventId: number; startedEventId?: number } | undefined;
  #lastStarted = 0;
  #now = Date.UTC(2026, 0, 1);
  #end!: () => void;
  #fail!: (reason: Error) => void;
  #hasEnded = false;

  constructor(start: Start) {
    this.#start = start;
    this.#happenings = [...start.happenings];
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  /** Listens on a free port of this machine, and returns its address. */
  async listen(): Promise<string> {
    const definition: Record<string, grpc.MethodDefinition<object, object>> = {};
    const handlers: grpc.UntypedServiceImplementation = {};
    for (const [name, handle] of Object.entries(this.#handlers())) {
      const types = service as unknown as Record<string, {
        decode(bytes: Uint8Array): object;
        encode(message: object): { finish(): Uint8Array };
        fromObject(plain: object): object;
      }>;
      const request = types[`${name}Request`]!;
      const response = types[`${name}Response`]!;
      definition[name] = {
        path: `/temporal.api.workflowservice.v1.WorkflowService/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (message) => Buffer.from(request.encode(message).finish()),
        requestDeserialize: (bytes) => request.decode(bytes),
        responseSerialize: (plain) =>
          Buffer.from(response.encode(response.fromObject(plain)).finish()),
        responseDeserialize: (bytes) => response.decode(bytes),
      };
      handlers[name] = async (
        call: grpc.ServerUnaryCall<object, object>,
        respond: grpc.sendUnaryData<object>,
      ) => respond(null, await handle(call.request as never));
    }
    this.#server.addService(definition, handlers);
    const credentials = grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync(
        "127.0.0.1:0",
        credentials,
        (error, port) => error ? reject(error) : resolve(port),
      )
    );
    const { workflowType, workflowId, args } = this.#start;
    this.#add("WORKFLOW_EXECUTION_STARTED", {
      workflowType: { name: workflowType },
      workflowId,
      taskQueue,
      input: payloadsOf(args),
      originalExecutionRunId: RUN_ID,
      firstExecutionRunId: RUN_ID,
      workflowTaskTimeout: { seconds: 10 },
      attempt: 1,
    });
    this.#scheduleTask();
    return `127.0.0.1:${port}`;
  }

  /** Answers all polls with nothing, so that the worker can stop. */
  release(): void {
    this.#hasEnded = true;
    for (const poll of Object.values(this.#polls).flat()) poll({});
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #handlers(): Record<string, (request: never) => object | Promise<object>> {
    const poll = (kind: "workflow" | "activity") => () =>
      new Promise<object>((resolve) => {
        if (this.#hasEnded) return resolve({});
        this.#polls[kind].push(resolve);
        this.#dispatch();
      });
    return {
      GetSystemInfo: () => ({
        serverVersion: "0.0.0",
        capabilities: { sdkMetadata: true, activityFailureIncludeHeartbeat: true },
      }),
      DescribeNamespace: () => ({ namespaceInfo: { name: "default", id: "default" } }),
      PollWorkflowTaskQueue: poll("workflow"),
      PollActivityTaskQueue: poll("activity"),
      RespondWorkflowTaskCompleted: (request: CompletedTask) => this.#completeTask(request),
      RespondWorkflowTaskFailed: ({ failure }: { failure?: { message?: string } }) => {
        this.#fail(new Error(`a workflow task has failed: ${failure?.message}`));
        return {};
      },
      RespondActivityTaskCompleted: (request: { taskToken: Uint8Array; result: unknown }) =>
        this.#completeActivity(request),
      RespondActivityTaskFailed: ({ failure }: { failure?: { message?: string } }) => {
        this.#fail(new Error(`an activity has failed: ${failure?.message}`));
        return {};
      },
      ShutdownWorker: () => ({}),
    };
  }

  #add(type: string, attributes: object): number {
    const words = type.toLowerCase().split("_");
    const camel = words.map((word, n) => n ? word[0]!.toUpperCase() + word.slice(1) : word).join(
      "",
    );
    this.#now++;
    const eventId = this.events.length + 1;
    this.events.push({
      eventId: eventId as never,
      eventTime: timeOf(this.#now) as never,
      eventType: EventType[`EVENT_TYPE_${type}` as keyof typeof EventType],
      [`${camel}EventAttributes`]: attributes,
    });
    return eventId;
  }

  #scheduleTask(): void {
    if (this.#hasEnded || this.#task) return;
    const timeout = { startToCloseTimeout: { seconds: 10 }, attempt: 1 };
    const scheduledEventId = this.#add("WORKFLOW_TASK_SCHEDULED", { taskQueue, ...timeout });
    this.#task = { scheduledEventId };
    this.#dispatch();
  }

  #dispatch(): void {
    const { workflowId, workflowType } = this.#start;
    const common = {
      workflowExecution: { workflowId, runId: RUN_ID },
      workflowType: { name: workflowType },
      attempt: 1,
      scheduledTime: timeOf(this.#now),
      startedTime: timeOf(this.#now),
    };
    if (this.#task && !this.#task.startedEventId && this.#polls.workflow.length > 0) {
      const { scheduledEventId } = this.#task;
      const startedEventId = this.#add("WORKFLOW_TASK_STARTED", {
        scheduledEventId,
        requestId: `task ${scheduledEventId}`,
      });
      this.#task.startedEventId = startedEventId;
      this.#polls.workflow.shift()!({
        ...common,
        taskToken: Buffer.from("task"),
        workflowExecutionTaskQueue: taskQueue,
        previousStartedEventId: this.#lastStarted,
        startedEventId,
        history: { events: this.events },
      });
      this.#lastStarted = startedEventId;
    }
    for (const [token, activity] of this.#activities) {
      if (activity.isStarted || this.#polls.activity.length === 0) continue;
      activity.isStarted = true;
      this.#polls.activity.shift()!({
        ...common,
        ...activity.attributes,
        scheduleToCloseTimeout: { seconds: 3600 },
        currentAttemptScheduledTime: timeOf(this.#now),
        taskToken: Buffer.from(token),
      });
    }
  }

  #completeTask({ commands, sdkMetadata }: CompletedTask): object {
    const { scheduledEventId, startedEventId } = this.#task!;
    this.#task = undefined;
    const workflowTaskCompletedEventId = this.#add("WORKFLOW_TASK_COMPLETED", {
      scheduledEventId,
      startedEventId,
      sdkMetadata,
    });
    for (const command of commands) {
      this.#obey(command, workflowTaskCompletedEventId);
    }
    for (const record of this.#buffered.splice(0)) record();
    this.#dispatch();
    this.#proceed();
    return {};
  }

  #obey(command: Command, workflowTaskCompletedEventId: number): void {
    const of = <T extends object>(attributes: T | null | undefined) => ({
      ...attributes!,
      workflowTaskCompletedEventId,
    });
    switch (command.commandType) {
      case CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: {
        const attributes = of(command.scheduleActivityTaskCommandAttributes);
        const scheduledEventId = this.#add("ACTIVITY_TASK_SCHEDULED", attributes);
        this.#activities.set(String(scheduledEventId), {
          scheduledEventId,
          attributes,
          isStarted: false,
        });
        return;
      }
      case CommandType.COMMAND_TYPE_START_TIMER: {
        const attributes = of(command.startTimerCommandAttributes);
        const startedEventId = this.#add("TIMER_STARTED", attributes);
        const { seconds, nanos } = attributes.startToFireTimeout!;
        const endsAt = this.#now + Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
        this.#timers.push({ timerId: attributes.timerId!, startedEventId, endsAt });
        return;
      }
      case CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: {
        const attributes = of(command.completeWorkflowExecutionCommandAttributes);
        this.#add("WORKFLOW_EXECUTION_COMPLETED", attributes);
        this.#hasEnded = true;
        return this.#end();
      }
      default:
        this.#fail(new Error(`a command is unknown here: ${JSON.stringify(command)}`));
    }
  }

  #completeActivity({ taskToken, result }: { taskToken: Uint8Array; result: unknown }): object {
    const token = Buffer.from(taskToken).toString();
    const { scheduledEventId } = this.#activities.get(token)!;
    this.#record(() => {
      this.#activities.delete(token);
      const startedEventId = this.#add("ACTIVITY_TASK_STARTED", {
        scheduledEventId,
        requestId: `activity ${token}`,
        attempt: 1,
      });
      this.#add("ACTIVITY_TASK_COMPLETED", { scheduledEventId, startedEventId, result });
    });
    return {};
  }

  #record(event: () => void): void {
    const record = () => {
      event();
      this.#scheduleTask();
    };
    if (this.#task?.startedEventId) this.#buffered.push(record);
    else record();
  }

  /** Lets the next thing happen if the workflow only waits. */
  #proceed(): void {
    if (this.#hasEnded || this.#task || this.#activities.size > 0) return;
    const happening = this.#happenings.shift();
    if (happening === "cancel") {
      return this.#record(() => this.#add("WORKFLOW_EXECUTION_CANCEL_REQUESTED", {}));
    }
    if (happening) {
      const input = payloadsOf(happening.send);
      return this.#record(() =>
        this.#add("WORKFLOW_EXECUTION_SIGNALED", { signalName: "send", input })
      );
    }
    const [next, ...others] = this.#timers.sort((one, other) => one.endsAt - other.endsAt);
    if (!next) return this.#fail(new Error("the workflow waits for nothing"));
    this.#timers = others;
    const { timerId, startedEventId, endsAt } = next;
    this.#now = Math.max(this.#now, endsAt);
    this.#record(() => this.#add("TIMER_FIRED", { timerId, startedEventId }));
  }
}

function payloadsOf(values: readonly unknown[]): object {
  return { payloads: values.map((value) => defaultPayloadConverter.toPayload(value)) };
}

function timeOf(ms: number): object {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
