import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCompensated, ledger, sweep } from "@runsheet/runsheet/testing";
import { makeCheckout, type Services } from "./checkout.ts";

const books = ledger();

/**
 * Fakes that request their effects and undos from the books, which take some time, like a service.
 */
const services: Services = {
  charge: (chargeId, _amount, signal) =>
    books.addOnce("charge", chargeId, { signal }),
  voidCharge: (chargeId) => books.forbid("charge", chargeId),
  sendMail(to) {
    const bounces = to.endsWith(".invalid");
    return bounces ? Promise.reject(new Error("bounced")) : Promise.resolve();
  },
};
const checkout = makeCheckout(services);

test("an order is charged", async () => {
  books.clear();
  const result = await checkout.run({ email: "ada@mail.example", amount: 50 });
  if (!result.success) throw result.error;
  assert.ok(books.has("charge", result.data.chargeId));
});

test("the charge is voided when no receipt can be sent", async () => {
  books.clear();
  const result = await checkout.run({ email: "bob@mail.invalid", amount: 50 });
  assert.equal(!result.success && result.failedStep, "sendReceipt");
  assert.deepEqual(books.left(), []);
});

test("whatever goes wrong, everything is undone", async () => {
  const order = { email: "ada@mail.example", amount: 50 };
  assertCompensated(await sweep(checkout, order, { ledger: books }));
});
