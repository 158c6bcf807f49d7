// Mistakes with middleware.
import { type AddingMiddleware, type Middleware, pipeline, step, typed } from "@runsheet/runsheet";
import { validateOrder } from "./checkout.ts";

const withUser: AddingMiddleware<{ user: string }> = (_step, next) => (ctx) =>
  next({ ...ctx, user: "ann" });
const plain: Middleware = (_step, next) => next;
const rename = step({ name: "rename", run: () => ({ user: "bob" }) });
const greet = step({ name: "greet", run: (ctx: { user: number }) => ({ greeting: ctx.user }) });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  keyThatIsNotAdded: () => {
    const forgets: AddingMiddleware<{ user: string }> = (_step, next) => (ctx) =>
      // @ts-expect-error Property 'user' is missing in type '{ [x: string]: unknown; }' but required in type '{ user: string; }'.
      next({ ...ctx });
    return forgets;
  },

  addedKeyOfTheArgs: () =>
    pipeline({
      name: "greet",
      argsSchema: typed<{ user: string }>(),
      // @ts-expect-error this middleware adds 'user', which is in the context already
      middleware: [plain, withUser],
      steps: [],
    }),

  addedKeyOfAStep: () =>
    pipeline({
      name: "greet",
      middleware: [withUser],
      // @ts-expect-error step 'rename' provides 'user', which a middleware adds for each step
      steps: [rename],
    }),

  addedKeyOfAnotherType: () =>
    pipeline({
      name: "greet",
      middleware: [withUser],
      // @ts-expect-error step 'greet' needs { user: number } but by then it is { user: string }
      steps: [greet],
    }),

  builderAddedKeyOfTheContext: () =>
    // @ts-expect-error this middleware adds 'user', which is in the context already
    pipeline({ name: "greet" }).step(rename).use(withUser),

  builderAddedKeyOfAStep: () =>
    // @ts-expect-error step 'rename' provides 'user', which a middleware adds for each step
    pipeline({ name: "greet" }).use(withUser).step(rename),

  addedKeyInTheData: async () => {
    const result = await pipeline({ name: "order", middleware: [withUser], steps: [validateOrder] })
      .run({ cartId: "c1", amount: 5 });
    // @ts-expect-error Property 'user' does not exist on type 'Readonly<{ cartId: string; amount: number; orderId: string; total: number; }>'.
    return result.success && result.data.user;
  },

  middlewareOutsideOfAList: () =>
    // @ts-expect-error Type 'Middleware' is not assignable to type 'readonly Middleware[]'.
    pipeline({ name: "order", middleware: plain, steps: [validateOrder] }),

  middlewareOfOneFunction: () =>
    // @ts-expect-error Type 'Promise<StepResult>' is not assignable to type '(ctx: Readonly<Record<string, unknown>>) => MaybePromise<StepResult>'.
    pipeline({ name: "order", middleware: [async (_step, next) => await next({})], steps: [] }),
};
