import { expect, test } from "bun:test";
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
  expect(books.has("charge", result.data.chargeId)).toBe(true);
});

test("the charge is voided when no receipt can be sent", async () => {
  books.clear();
  const result = await checkout.run({ email: "bob@mail.invalid", amount: 50 });
  expect(!result.success && result.failedStep).toBe("sendReceipt");
  expect(books.left()).toEqual([]);
});

test("whatever goes wrong, everything is undone", async () => {
  const order = { email: "ada@mail.example", amount: 50 };
  assertCompensated(await sweep(checkout, order, { ledger: books }));
});
