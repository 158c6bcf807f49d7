// The floor of the bench is compared with runsheet in the flows that are measured. Here it is
// compared in others, as a floor that kept less of the contract would be no floor.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import * as runsheet from "@runsheet/runsheet";
import type { Middleware, StepResult } from "@runsheet/runsheet";
import type { Library } from "../../bench/contenders/cut.ts";
import { floor } from "../../bench/floor/floor.ts";

type Log = unknown[];
type Info = Readonly<Record<string, unknown>> & { readonly defer: (undo: () => void) => void };

/** Steps with an undo that is logged; `b` also defers one. */
function steps({ step }: Library, log: Log, last: () => unknown) {
  const undo = (name: string) => (ctx: object, output: object) => {
    log.push([name, ctx, output, Object.isFrozen(ctx), Object.isFrozen(output)]);
  };
  const run = (_ctx: object, { defer }: Info) => {
    defer(() => log.push("deferred"));
    return Promise.resolve({ b: 2 });
  };
  return [
    step({ name: "a", run: () => ({ a: 1 }), rollback: undo("a") }),
    step({ name: "b", run: run as () => Promise<{ b: number }>, rollback: undo("b") }),
    step({ name: "c", run: last as () => object, rollback: undo("c") }),
  ];
}

const boom = () => {
  throw new Error("boom");
};

type Flow = (library: Library, log: Log) => unknown;

const piped = (library: Library, steps: unknown[], middleware: Middleware[] = []) =>
  library.pipeline({ name: "p", steps, middleware } as never) as never as {
    run(args?: object): Promise<object>;
  };

const ending = (last: () => unknown): Flow => (library, log) =>
  piped(library, steps(library, log, last)).run({ x: 0 });

const inMiddleware = (layer: Middleware, last: () => unknown = boom): Flow => (library, log) =>
  piped(library, steps(library, log, last), [layer]).run({ x: 0 });

const flows: Record<string, Flow> = {
  "a success": ending(() => ({ c: 3 })),
  "a failure": ending(boom),
  "a rejection": ending(() => Promise.reject("no error")),
  "an output that is an array": ending(() => [1]),
  "an output that is a Map": ending(() => Promise.resolve(new Map())),
  "an output that is a string": ending(() => "c"),
  "an output that is a result": ending(() => ({ success: true, meta: { stepsExecuted: [] } })),
  "no output": ending(() => undefined),
  "an output with '__proto__'": ending(() => JSON.parse('{ "__proto__": { "a": 2 } }')),
  "args that are an array": (library) => piped(library, []).run([1]),
  "nested pipelines that fail": (library, log) => {
    const inner = piped(library, steps(library, log, boom));
    return piped(library, [library.step({ name: "o", run: () => ({ o: 1 }) }), inner]).run({});
  },
  "nested pipelines that succeed": (library, log) => {
    const inner = piped(library, steps(library, log, () => undefined));
    return piped(library, [piped(library, [inner])]).run({ x: 0 });
  },
  "branches that fail": (library, log) =>
    piped(library, [library.parallel(...steps(library, log, boom) as [never, never])]).run({}),
  "items that fail": (library, log) => {
    const each = (item: number, _ctx: object, { defer }: Info) => {
      defer(() => log.push(item));
      return item === 2 ? Promise.reject(new Error("boom")) : item;
    };
    return piped(library, [library.map("out", () => [0, 1, 2], each as () => unknown)]).run({});
  },
  "a middleware that recovers": inMiddleware((_step, next) => async (ctx) => {
    const result = await next(ctx);
    return result.success ? result : { success: true, data: { saved: true } };
  }),
  "a middleware that answers itself": inMiddleware(({ name }, next) => async (ctx) =>
    name === "c" ? { success: true, data: { own: 1 } } : await next(ctx)
  ),
  "a middleware that changes the context and the data": inMiddleware(
    (_step, next) => async (ctx) => {
      const result = await next({ ...ctx, more: 1 });
      return { success: true, data: { ...(result as { data: object }).data, m: 1 } };
    },
    () => ({ c: 3 }),
  ),
  "a middleware that throws": inMiddleware(boom),
  "a middleware that returns no result": inMiddleware(() => () => ({}) as StepResult),
  "a run that a step does not pass its info to": (library, log) => {
    const inner = piped(library, steps(library, log, () => ({ c: 3 })));
    const outer = library.step({
      name: "outer",
      run: async () => ({ inner: tell(await inner.run()) }),
    });
    return piped(library, [outer]).run({});
  },
};

/** A result without messages and stacks, in which runsheet says more. */
function tell(result: object): object {
  const { success, data, meta, failedStep, rollback } = result as never as Record<string, object>;
  const { name, args, stepsExecuted } = meta as Record<string, unknown>;
  return {
    success,
    data,
    failedStep,
    rollback: rollback && { ...rollback },
    meta: { name, args, stepsExecuted },
    frozen: [result, data, meta, stepsExecuted, rollback].map((part) => Object.isFrozen(part)),
    keys: Object.keys(result),
  };
}

async function observed(flow: Flow, library: Library): Promise<object> {
  const log: Log = [];
  return { result: tell(await flow(library, log) as object), log };
}

describe("the floor of the bench does as runsheet in", () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(name, async () => {
      assertEquals(await observed(flow, floor), await observed(flow, runsheet));
    });
  }

  it("an info, which survives a spread and cannot be changed", async () => {
    const seen = async (library: Library) => {
      let keys: unknown[] = [];
      const run = (_ctx: object, info: Record<string, unknown>) => {
        const { key, attempt, signal, ...rest } = { ...info };
        const isSet = Reflect.set(info, "key", "mine");
        const aborted = (signal as AbortSignal).aborted;
        keys = [typeof key, attempt, aborted, Object.keys(rest), isSet];
      };
      await piped(library, [library.step({ name: "a", run: run as () => void })]).run({});
      return keys;
    };
    assertEquals(await seen(floor), await seen(runsheet));
  });
});
