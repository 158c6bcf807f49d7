// A Worker that has nothing of Node: its tree is whole, and the spans of its own code begin traces of their own.
import { orderGives } from "./support/order.ts";

const worker: { test: () => Promise<void> } = {
  test: () =>
    orderGives([
      "- > POST charge",
      "run checkout > charge",
      "run checkout > ship",
      "- > POST refund",
      "rollback checkout > undo charge",
      "run checkout > rollback checkout",
      "- > run checkout",
    ]),
};
export default worker;
