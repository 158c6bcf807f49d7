// A Worker with the flag `nodejs_als`, which provides AsyncLocalStorage and nothing else of Node.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, context, ROOT_CONTEXT } from "@opentelemetry/api";
import { orderGives } from "./support/order.ts";

// As in the README.
const storage = new AsyncLocalStorage<Context>();
context.setGlobalContextManager({
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (inside, call, self, ...args) => storage.run(inside, () => call.apply(self, args)),
  bind: (_inside, target) => target,
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

const worker: { test: () => Promise<void> } = {
  test: () =>
    orderGives([
      "charge > POST charge",
      "run checkout > charge",
      "run checkout > ship",
      "undo charge > POST refund",
      "rollback checkout > undo charge",
      "run checkout > rollback checkout",
      "- > run checkout",
    ]),
};
export default worker;
