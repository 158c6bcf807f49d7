// Mistakes with deps.
import { deps, parallel, pipeline, step } from "@runsheet/runsheet";
import { durable, type Store } from "@runsheet/runsheet/durable";
import { type } from "arktype";

interface Db {
  find(id: string): string;
}
declare const db: Db;
declare const store: Store;

const find = step({
  name: "find",
  run: ({ db, id }: { db: Db; id: string }) => ({ row: db.find(id) }),
});
const connect = step({ name: "connect", run: () => ({ db }) });
const argsSchema = type({ id: "string" });
const order = pipeline({ name: "order", argsSchema, deps: deps<{ db: Db }>(), steps: [find] });
const open = pipeline({ name: "open", deps: deps<{ db: Db }>(), steps: [find] });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  runWithoutDeps: () =>
    // @ts-expect-error this pipeline has deps: run(args, { deps })
    order.run({ id: "a" }),

  runWithoutDepsAmongTheOptions: () =>
    // @ts-expect-error Property 'deps' is missing in type
    order.run({ id: "a" }, { runId: "r" }),

  runWithoutOneOfTheDeps: () =>
    // @ts-expect-error Property 'db' is missing in type
    order.run({ id: "a" }, { deps: {} }),

  runUnknownWithoutDeps: () =>
    // @ts-expect-error Expected 2 arguments, but got 1
    order.runUnknown({ id: "a" }),

  depsOfAPipelineThatHasNone: () => {
    const p = pipeline({ name: "p", argsSchema, steps: [] });
    // @ts-expect-error 'deps' does not exist in type 'RunOptions'
    return p.run({ id: "a" }, { deps: { db } });
  },

  durableWithoutDeps: () =>
    // @ts-expect-error Property 'deps' is missing in type
    durable(order, { store }),

  depNotDeclared: () =>
    pipeline({
      name: "p",
      argsSchema,
      steps: [
        // @ts-expect-error step 'find' needs { db: { find: function } } which nothing before it provides
        find,
      ],
    }),

  depNotDeclaredByTheOuterPipeline: () =>
    pipeline({
      name: "p",
      argsSchema,
      steps: [
        // @ts-expect-error step 'parallel(open)' needs { db: { find: function } } which nothing before it provides
        parallel(open),
      ],
    }),

  depOfAnotherType: () =>
    pipeline({
      name: "p",
      argsSchema,
      deps: deps<{ db: string }>(),
      steps: [
        // @ts-expect-error step 'find' needs { db: { find: function } } but by then it is { db: string }
        find,
      ],
    }),

  depProvidedByAStep: () =>
    pipeline({
      name: "p",
      argsSchema,
      deps: deps<{ db: Db }>(),
      steps: [
        // @ts-expect-error step 'connect' provides 'db', which is one of the deps
        connect,
        find,
      ],
    }),

  depProvidedByAStepOfABuilder: () =>
    pipeline({ name: "p", deps: deps<{ db: Db }>() })
      .step(find)
      // @ts-expect-error step 'connect' provides 'db', which is one of the deps
      .step(connect),

  depAmongTheArgs: () =>
    pipeline({
      name: "p",
      argsSchema: type({ id: "string", db: "string" }),
      // @ts-expect-error 'db' is one of the args, too
      deps: deps<{ db: Db }>(),
      steps: [],
    }),

  depsThatAreNoSchema: () =>
    pipeline({
      name: "p",
      // @ts-expect-error this must be a schema, such as type({ … })
      deps: { db },
      steps: [],
    }),
};
