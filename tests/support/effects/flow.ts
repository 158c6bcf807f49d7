import fc, { type Arbitrary } from "fast-check";
import { map, type Middleware, parallel, pipeline, type Step, step } from "@runsheet/runsheet";

/** The action of a middleware after the rest has run, or instead of it. */
export type Layer = "throws" | "fails" | "recovers" | "answers" | "watches";

/** A random tree of steps as data. */
export type Flow<Leaf> =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | {
    readonly kind: "pipeline" | "parallel";
    readonly timeout: number | undefined;
    readonly layers: readonly Layer[];
    readonly children: readonly Flow<Leaf>[];
  }
  | {
    readonly kind: "map";
    readonly items: number;
    readonly concurrency: number;
    readonly onFailure: "abort" | "settle";
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
          layers: fc.oneof(fc.constant([]), fc.array(layer, { maxLength: 3 })),
          children: fc.array(tie("flow"), { minLength: 1, maxLength: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("map" as const),
          items: fc.nat({ max: 3 }),
          concurrency: fc.integer({ min: 1, max: 3 }),
          onFailure: fc.constantFrom("abort" as const, "settle" as const),
          child: tie("flow"),
        }),
      },
    ),
  }));
  return flow;
}

/** The steps of a flow; each has a name of its own. */
export function build<Leaf>(
  flow: Flow<Leaf>,
  makeLeaf: (leaf: Leaf, name: string) => AnyStep,
): AnyStep {
  let count = 0;
  const make = (flow: Flow<Leaf>): AnyStep => {
    const name = `${flow.kind}${++count}`;
    if (flow.kind === "leaf") return makeLeaf(flow.leaf, name);
    if (flow.kind === "map") {
      const { items, concurrency, onFailure, child } = flow;
      const numbers = Array.from({ length: items }, (_, n) => n);
      return map(name, () => numbers, make(child), { as: "n", concurrency, onFailure });
    }
    const children = flow.children.map(make);
    const steps = flow.kind === "pipeline" ? children : [parallel(...children)];
    const { timeout, layers } = flow;
    const middleware = layers.map((layer) => LAYERS[layer]);
    return pipeline({ name, steps: steps as never[], timeout, middleware }) as unknown as AnyStep;
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
