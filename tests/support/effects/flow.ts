import fc, { type Arbitrary } from "fast-check";
import {
  fallback,
  map,
  type Middleware,
  parallel,
  pipeline,
  type RunOptions,
  type Step,
  step,
  unwrap,
} from "@runsheet/runsheet";

/** The action of a middleware after the rest has run, or instead of it. */
export type Layer = "throws" | "fails" | "recovers" | "answers" | "watches";

/** A random tree of steps as data. */
export type Flow<Leaf> =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | {
    readonly kind: "pipeline" | "parallel";
    readonly timeout: number | undefined;
    readonly retries: number;
    readonly layers: readonly Layer[];
    readonly undoConcurrency: number;
    readonly children: readonly Flow<Leaf>[];
  }
  | {
    readonly kind: "map";
    readonly items: number;
    readonly concurrency: number;
    readonly onFailure: "abort" | "settle" | "collect";
    readonly undoConcurrency: number;
    readonly child: Flow<Leaf>;
  }
  | {
    readonly kind: "fallback";
    readonly child: Flow<Leaf>;
    readonly alternative: Flow<Leaf>;
  }
  /** A step that runs its child itself. */
  | {
    readonly kind: "inner";
    readonly timeout: number | undefined;
    readonly retries: number;
    readonly child: Flow<Leaf>;
  };

/** A step without static checks. */
export type AnyStep = Step<string, Record<never, never>, object>;

/** Random flows of random leaves; timeouts of pipelines are at most `ms`. */
export function flows<Leaf>(
  leaf: Arbitrary<Leaf>,
  ms: number,
  layer: Arbitrary<Layer> = fc.constant("watches"),
): Arbitrary<Flow<Leaf>> {
  const { flow } = fc.letrec<{ flow: Flow<Leaf> }>((tie) => ({
    flow: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("leaf" as const), leaf }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constantFrom("pipeline" as const, "parallel" as const),
          timeout: fc.option(fc.integer({ min: 1, max: ms }), { nil: undefined, freq: 1 }),
          retries: fc.constantFrom(0, 0, 1),
          layers: fc.oneof(fc.constant([]), fc.array(layer, { maxLength: 3 })),
          undoConcurrency: fc.integer({ min: 1, max: 3 }),
          children: fc.array(tie("flow"), { minLength: 1, maxLength: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("map" as const),
          items: fc.nat({ max: 3 }),
          concurrency: fc.integer({ min: 1, max: 3 }),
          onFailure: fc.constantFrom("abort" as const, "settle" as const, "collect" as const),
          undoConcurrency: fc.integer({ min: 1, max: 3 }),
          child: tie("flow"),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("fallback" as const),
          child: tie("flow"),
          alternative: tie("flow"),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("inner" as const),
          timeout: fc.option(fc.integer({ min: 1, max: ms }), { nil: undefined, freq: 1 }),
          retries: fc.nat({ max: 2 }),
          child: tie("flow"),
        }),
      },
    ),
  }));
  return flow;
}

/** The steps of a flow; each has a name of its own. Runs inside steps call `onLate`, too. */
export function build<Leaf>(
  flow: Flow<Leaf>,
  makeLeaf: (leaf: Leaf, name: string) => AnyStep,
  onLate?: RunOptions["onLate"],
): AnyStep {
  let count = 0;
  const make = (flow: Flow<Leaf>): AnyStep => {
    const name = `${flow.kind}${++count}`;
    if (flow.kind === "leaf") return makeLeaf(flow.leaf, name);
    if (flow.kind === "map") {
      const { items, concurrency, onFailure, undoConcurrency, child } = flow;
      const numbers = Array.from({ length: items }, (_, n) => n);
      const options = { as: "n", concurrency, onFailure, undoConcurrency };
      return map(name, () => numbers, make(child), options);
    }
    if (flow.kind === "fallback") return fallback(make(flow.child), make(flow.alternative));
    if (flow.kind === "inner") {
      const own = pipeline({ name: "own", steps: [make(flow.child)] });
      return step({
        name,
        timeout: flow.timeout,
        retry: { count: flow.retries },
        run: async (_ctx, info) => unwrap(await own.run({}, { ...info, onLate })),
      });
    }
    const children = flow.children.map(make);
    const { timeout, retries, layers, undoConcurrency } = flow;
    const retry = retries > 0 ? { count: retries } : undefined;
    const steps = flow.kind === "pipeline"
      ? children
      : [parallel.with({ undoConcurrency })(...children)];
    const middleware = layers.map((layer) => LAYERS[layer]);
    return pipeline({
      name,
      steps: steps as never[],
      timeout,
      retry,
      middleware,
    }) as unknown as AnyStep;
  };
  return make(flow);
}

/** A step that fails at a given time. */
export function failing(wait: (done: () => void) => void): AnyStep {
  return step({
    name: "failing",
    run: async () => {
      await new Promise<void>((resolve) => wait(resolve));
      throw new Error("failing");
    },
  });
}

const LAYERS: Readonly<Record<Layer, Middleware>> = {
  watches: (_step, next) => (ctx) => next(ctx),
  answers: () => () => ({ success: true, data: {} }),
  throws: (_step, next) => async (ctx) => {
    await next(ctx);
    throw new Error("the middleware throws");
  },
  fails: (_step, next) => async (ctx) => {
    await next(ctx);
    return { success: false, error: new Error("the middleware fails") };
  },
  recovers: (_step, next) => async (ctx) => {
    try {
      const result = await next(ctx);
      if (result.success) return result;
    } catch {
      // A layer below it threw.
    }
    return { success: true, data: {} };
  },
};
