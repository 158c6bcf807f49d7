// What an editor shows of what stands above each `^?`: tools/gates/hovers.ts compares it with tests/types/hovers.txt.
import {
  type AddingMiddleware,
  choice,
  distribute,
  filter,
  flatMap,
  map,
  parallel,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";

const validateOrder = step({
  //  ^?
  name: "validateOrder",
  requires: type({ cartId: "string", amount: "number" }),
  provides: type({ orderId: "string", total: "number" }),
  run: (ctx) => ({ orderId: ctx.cartId, total: ctx.amount }),
  //    ^?
});
const chargePayment = step({
  //  ^?
  name: "chargePayment",
  run: (ctx: { orderId: string; total: number }) => ({ chargeId: ctx.orderId, paid: ctx.total }),
  rollback: (_ctx, output) => output.chargeId,
  //               ^?
});
const free = step({ name: "free", run: () => ({ gift: "sticker" }) });
//    ^?

const gift = when((ctx) => ctx.total > 100, chargePayment);
//    ^?           ^?
const either = choice([(ctx) => ctx.total > 0, chargePayment], free);
//    ^?                ^?
const both = parallel(chargePayment, free);
//    ^?
const charges = map(
  //  ^?
  "charges",
  (ctx: { orders: { orderId: string }[] }) => ctx.orders,
  chargePayment,
);
const words = map("words", (ctx: { lines: string[] }) => ctx.lines, (line) => line.trim());
//    ^?                                                             ^?
const dear = filter("dear", (ctx: { prices: number[] }) => ctx.prices, (price) => price > 10);
//    ^?
const letters = flatMap("letters", (ctx: { lines: string[] }) => ctx.lines, (line) => [...line]);
//    ^?
const spread = distribute("spread", { orderIds: "orderId" }, chargePayment);
//    ^?

const checkout = pipeline({ name: "checkout", steps: [validateOrder, gift, free] });
//    ^?
const output = type({ orderId: "string" });
const whole = pipeline({ name: "whole", output, steps: [checkout, both, either, charges, words] });
//    ^?
const lists = pipeline({ name: "lists", steps: [dear, letters, spread] });
//    ^?

const begun = pipeline({ name: "begun" });
//    ^?
const opened = begun.step(validateOrder).when((ctx) => ctx.total > 100, chargePayment);
//    ^?                                       ^?
const given = pipeline({ name: "given", argsSchema: type({ cartId: "string", amount: "number" }) });
//    ^?
const labelled = given.step(validateOrder).map("labels", (ctx) => [ctx.orderId], (id) => id.length);
//    ^?                                                  ^?                      ^?
const built = labelled.build({ output });
//    ^?

const withLog: AddingMiddleware<{ log: () => void }> = (_step, next) => (ctx) =>
  next({ ...ctx, log: () => {} });
const quiet = step({ name: "quiet", run: (ctx: { log: () => void }) => ctx.log() });
const logged = pipeline({ name: "logged", middleware: [withLog], steps: [quiet, validateOrder] });
//    ^?
const logging = pipeline({ name: "logging" }).use(withLog).step(quiet);
//    ^?

const ship = step({ name: "ship", pivot: true, run: (ctx: { orderId: string }) => ({ ...ctx }) });
//    ^?
const later = step({ name: "later", retry: { count: 1 }, run: () => ({ mail: 1 }) });
//    ^?
const shipping = pipeline({ name: "shipping" }).step(ship).step(later);
//    ^?
const shipped = pipeline({ name: "shipped", steps: [ship, later] });
//    ^?

const result = await checkout.run({ cartId: "c1", amount: 50 });
//    ^?                      ^?
if (result.success) console.log(result.data, whole, lists, opened, built, logged, logging);
//                                     ^?
else console.log(result.error, result.rollback, result.failedStep);
//                      ^?            ^?               ^?
console.log(shipping, shipped);
