import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ledger, recorder } from "@runsheet/runsheet/testing";
import { checkout, type Effects } from "../support/checkout.ts";

describe("recorder", () => {
  it("keeps the order of effects and undos, at every depth", async () => {
    const effects: Effects = [];
    const host = recorder();
    await checkout(effects, { fails: true }).run({ sku: "tea" }, { host });
    assertEquals(host.order, [
      "reserve@1",
      "payment/charge@1!defer1",
      "payment/charge@2",
      "log@1",
      "log#2@1",
      "payment/charge!undo",
      "payment/charge@2!defer1",
      "reserve!undo@2",
    ]);
    assertEquals(
      host.calls.filter(({ outcome }) => !outcome.ok).map(({ id }) => id),
      ["payment/charge@1", "ship@1", "reserve!undo"],
    );
    assertEquals(host.waits, [
      { id: "payment/charge@2!wait", ms: 20 },
      { id: "reserve!undo@2!wait", ms: 5 },
    ]);
  });

  it("is shared by several runs, and forgets on demand", async () => {
    const host = recorder();
    const once = checkout([], {});
    await once.run({ sku: "tea" }, { host });
    const { length } = host.order;
    await once.run({ sku: "tea" }, { host });
    assertEquals(host.order.length, 2 * length);
    host.clear();
    assertEquals([host.order, host.calls, host.waits], [[], [], []]);
  });
});

describe("ledger", () => {
  it("sums up what was done and undone, of each kind and id", () => {
    const books = ledger();
    books.add("stock", "tea", 5);
    books.remove("stock", "tea", 3);
    books.add("charge", 1);
    books.add("mail");
    assertEquals(books.left(), [
      { effect: "stock", id: "tea", amount: 2 },
      { effect: "charge", id: "1", amount: 1 },
      { effect: "mail", id: "", amount: 1 },
    ]);
    books.remove("charge", "1");
    books.remove("mail");
    books.remove("stock", "tea", 2);
    assertEquals(books.left(), []);
  });

  it("keeps what was undone too often, and does not have it", () => {
    const books = ledger();
    books.remove("charge", "c");
    assertEquals(books.left(), [{ effect: "charge", id: "c", amount: -1 }]);
    assertEquals(books.has("charge", "c"), false);
    books.clear();
    assertEquals(books.left(), []);
  });

  it("does not mix up kinds and ids", () => {
    const books = ledger();
    books.add("a b", "c");
    assertEquals([books.has("a", "b c"), books.has("a b", "c")], [false, true]);
    books.add("__proto__", "constructor");
    assertEquals(books.left().length, 2);
  });
});
