import {
  choice,
  distribute,
  filter,
  flatMap,
  type Host,
  map,
  type Middleware,
  parallel,
  pipeline,
  type Result,
  type Schema,
  step,
  when,
} from "@runsheet/runsheet";

/** Returns the result of a run and the effects of its steps as text; `wait` is how steps wait. */
export type Place = (pass: Pass) => Promise<string>;

/** Waits for some milliseconds. */
type Pass = (ms: number) => Promise<unknown>;

/** A log written by async steps, each after a while. */
class Log {
  readonly lines: string[] = [];
  readonly pass: Pass;

  constructor(pass: Pass) {
    this.pass = pass;
  }

  step(name: string, { fails = 0, ms = 1 } = {}) {
    return step({
      name,
      retry: { count: 3 },
      run: async (_ctx, { attempt, defer }) => {
        await this.pass(ms);
        if (attempt <= fails) throw new Error(`${name} fails`);
        this.lines.push(name);
        defer(async () => {
          await this.pass(1);
          this.lines.push(`deferred of ${name}`);
        });
        return { [name]: attempt };
      },
      rollback: async () => {
        await this.pass(1);
        this.lines.push(`undo ${name}`);
      },
    });
  }

  failing(ms = 1) {
    return step({
      name: "failing",
      run: async () => {
        await this.pass(ms);
        throw new Error("boom");
      },
    });
  }

  /** Accepts anything, after a while. */
  get schema(): Schema<Record<string, unknown>> {
    const validate = async (value: unknown) => {
      await this.pass(1);
      return { value: value as Record<string, unknown> };
    };
    return { "~standard": { version: 1, vendor: "tests", validate } };
  }

  item = async <T>(item: T): Promise<T> => {
    await this.pass(1);
    this.lines.push(`item ${item}`);
    return item;
  };
}

/**
 * Runs, by name, in which the engine must distinguish promises from values; each expects every effect and
 * its undo once.
 */
export const places: Readonly<Record<string, Place>> = {
  "a step that fails": told((log) => pipelineOf(log.step("a"), log.failing())),
  "a step that is retried": told((log) => pipelineOf(log.step("a", { fails: 2 }), log.failing())),
  "a step that succeeds": told((log) => pipelineOf(log.step("a"), log.step("b"))),
  "a step with a timeout": told((log) =>
    pipeline({ name: "p", timeout: 5_000, steps: [log.step("a"), log.failing()] })
  ),
  "a step that is given up, and undone late": told((log) => {
    const late = step({
      name: "late",
      timeout: 5,
      run: async () => {
        // Not by the clock: it lands after everything else has been undone.
        while (!log.lines.includes("deferred of a")) await log.pass(1);
        log.lines.push("late");
      },
      rollback: () => void log.lines.push("undo late"),
    });
    return pipelineOf(log.step("a"), late);
  }),
  "an undo by key": told((log) => {
    const lost = step({
      name: "lost",
      run: async () => {
        await log.pass(1);
        throw new Error("lost");
      },
      undoByKey: async (_ctx, { effectKey }) => {
        await log.pass(1);
        log.lines.push(`void ${effectKey}`);
      },
    });
    return pipelineOf(lost);
  }),
  "an undo that is retried": told((log) => {
    const charge = step({
      name: "charge",
      run: async () => void await log.pass(1),
      rollback: {
        retry: { count: 1 },
        run: async (_ctx, _output, { attempt }) => {
          await log.pass(1);
          log.lines.push(`undo charge, attempt ${attempt}`);
          if (attempt === 1) throw new Error("busy");
        },
      },
    });
    return pipelineOf(charge, log.failing());
  }),
  "nested pipelines": told((log) =>
    pipelineOf(pipeline({ name: "n", timeout: 5_000, steps: [log.step("a")] }), log.failing())
  ),
  "parallel steps": told((log) =>
    pipelineOf(parallel(log.step("a"), log.step("b")), log.failing())
  ),
  "parallel steps, one of which fails": told((log) =>
    pipelineOf(parallel(log.step("a"), log.failing(10)))
  ),
  "a choice": told((log) =>
    pipelineOf(choice([() => log.pass(1).then(() => true), log.step("a")]))
  ),
  "a condition": told((log) =>
    pipelineOf(when(() => log.pass(1).then(() => false), log.step("a")))
  ),
  "map with a function": told((log) => pipelineOf(map("m", () => [1, 2], log.item), log.failing())),
  "map with a step": told((log) =>
    pipelineOf(map("m", () => [1, 2], log.step("a"), { as: "n" }), log.failing())
  ),
  "map over a late collection": told((log) =>
    pipelineOf(map("m", () => log.pass(1).then(() => [1]), log.item))
  ),
  "filter": told((log) =>
    pipelineOf(filter("f", () => [0, 1], async (n) => await log.item(n) > 0))
  ),
  "flatMap": told((log) => pipelineOf(flatMap("f", () => [1], async (n) => [await log.item(n)]))),
  "distribute": told((log) =>
    pipelineOf(
      step({ name: "list", run: async () => (await log.pass(1), { ns: [1, 2] }) }),
      distribute(
        "d",
        { ns: "n" },
        step({ name: "one", run: (ctx: { n: number }) => log.item(ctx.n).then(() => ({})) }),
      ),
    )
  ),
  "middleware": told((log) =>
    pipeline({ name: "p", steps: [log.step("a"), log.failing()], middleware: [passing] })
  ),
  "schemas that take a while": told((log) => {
    const charge = step({
      name: "charge",
      requires: log.schema,
      provides: log.schema,
      run: async () => {
        await log.pass(1);
        log.lines.push("charge");
        return { charge: 1 };
      },
      rollback: () => void log.lines.push("undo charge"),
    });
    return pipeline({
      name: "p",
      argsSchema: log.schema,
      output: log.schema,
      steps: [charge, log.failing()],
    });
  }),
  "a retryIf that takes a while": told((log) => {
    const charge = step({
      name: "charge",
      retry: { count: 9, retryIf: async (errors) => (await log.pass(1), errors.length < 2) },
      run: async () => {
        await log.pass(1);
        log.lines.push("charge");
        throw new Error("no");
      },
    });
    return pipelineOf(charge);
  }),
  "a host": told((log) => pipelineOf(log.step("a", { fails: 1 }), log.failing()), (pass) => ({
    perform: async (_call, fn) => {
      await pass(1);
      return await fn();
    },
    sleep: async (_call, ms) => void await pass(ms),
  })),
};

/** A `Promise` class unrelated to native promises, like the one that zone.js and Dexie install. */
export function swappedPromise(): PromiseConstructor {
  const Native = Promise;
  return class SwappedPromise<T> extends Native<T> {} as unknown as PromiseConstructor;
}

const passing: Middleware = (_step, next) => async (ctx) => await next(ctx);

interface Runnable {
  run(args: Record<never, never>, options: object): Promise<Result<unknown>>;
}

// deno-lint-ignore no-explicit-any -- of steps whose types are of no interest here
function pipelineOf(...steps: any[]): Runnable {
  return pipeline({ name: "p", steps }) as unknown as Runnable;
}

function told(make: (log: Log) => unknown, host?: (pass: Pass) => Host): Place {
  return async (pass) => {
    const log = new Log(pass);
    const watches: Promise<unknown>[] = [];
    const waitUntil = (watch: Promise<unknown>) => void watches.push(watch);
    const runnable = make(log) as Runnable;
    const result = await runnable.run({}, { runId: "r", host: host?.(pass), waitUntil });
    await Promise.all(watches);
    const end = result.success
      ? result.data
      : [result.error.name, result.error.message, result.rollback];
    return JSON.stringify([...log.lines, end]);
  };
}
