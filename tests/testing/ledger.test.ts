import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError } from "@runsheet/runsheet";
import { ledger } from "@runsheet/runsheet/testing";

describe("a ledger", () => {
  it("adds up effects and undos by kind and id", async () => {
    const books = ledger();
    await books.add("stock", "tea", { amount: 5 });
    await books.remove("stock", "tea", { amount: 3 });
    await books.add("charge", 1);
    await books.add("mail");
    assertEquals(books.left(), [
      { effect: "stock", id: "tea", amount: 2 },
      { effect: "charge", id: "1", amount: 1 },
      { effect: "mail", id: "", amount: 1 },
    ]);
    await books.remove("charge", "1");
    await books.remove("mail");
    await books.remove("stock", "tea", { amount: 2 });
    assertEquals(books.left(), []);
  });

  it("keeps an effect that was undone too often, and does not have it", async () => {
    const books = ledger();
    await books.remove("charge", "c");
    assertEquals(books.left(), [{ effect: "charge", id: "c", amount: -1 }]);
    assertEquals(books.has("charge", "c"), false);
    books.clear();
    assertEquals(books.left(), []);
  });

  it("does not mix up kinds and ids", async () => {
    const books = ledger();
    await books.add("a b", "c");
    assertEquals([books.has("a", "b c"), books.has("a b", "c")], [false, true]);
    await books.add("__proto__", "constructor");
    assertEquals(books.left().length, 2);
  });

  it("counts no state of a fake whose amount is 0, such as a quota of which nothing is taken", async () => {
    let taken = 0;
    const books = ledger(() => [{ effect: "seats", id: "", amount: taken }]);
    assertEquals(books.left(), []);
    await books.call(() => taken = 3);
    assertEquals(books.left(), [{ effect: "seats", id: "", amount: 3 }]);
  });

  it("takes a tick to answer a request", async () => {
    const books = ledger();
    const charging = books.add("charge", "c");
    assertEquals(books.has("charge", "c"), false);
    await charging;
    assertEquals(books.has("charge", "c"), true);
  });

  it("removes everything that is left, as often as it is asked, and no more", async () => {
    const books = ledger();
    await books.removeAll("charge", "c");
    assertEquals(books.left(), []);
    await books.add("charge", "c", { amount: 3 });
    await Promise.all([books.removeAll("charge", "c"), books.removeAll("charge", "c")]);
    assertEquals(books.left(), []);
    await books.remove("charge", "c");
    await books.removeAll("charge", "c");
    assertEquals(books.left(), [{ effect: "charge", id: "c", amount: -1 }]);
  });

  it("adds a repeated effect once, even after it has been removed", async () => {
    const books = ledger();
    await books.addOnce("charge", "c", { amount: 5 });
    await books.addOnce("charge", "c", { amount: 5 });
    assertEquals(books.left(), [{ effect: "charge", id: "c", amount: 5 }]);
    await books.removeAll("charge", "c");
    await books.addOnce("charge", "c", { amount: 5 });
    assertEquals(books.left(), []);
    await books.add("charge", "c");
    assertEquals(books.has("charge", "c"), true);
  });

  it("refuses a forbidden effect, whether it was forbidden before it happened or after", async () => {
    const books = ledger();
    await books.add("charge", "c");
    await books.forbid("charge", "c");
    await books.forbid("charge", "d");
    assertEquals(books.left(), []);
    const message = "Cannot add 'charge c' as it has been forbidden";
    await assertRejects(() => books.add("charge", "c"), Error, message);
    await assertRejects(() => books.addOnce("charge", "c"), Error, message);
    await assertRejects(() => books.addOnce("charge", "d"), Error, "'charge d'");
    await books.add("mail", "c");
    assertEquals(books.left(), [{ effect: "mail", id: "c", amount: 1 }]);
    books.clear();
    await books.add("charge", "c");
    assertEquals(books.has("charge", "c"), true);
  });

  it("gives up the answer, but not the effect, when the signal aborts", async () => {
    const books = ledger();
    const { signal, abort } = controller();
    const charging = books.add("charge", "c", { signal });
    abort("gone");
    assertEquals(await charging.catch((reason) => reason), "gone");
    assertEquals(books.has("charge", "c"), true);
    assertEquals(await books.add("charge", "d", { signal }).catch((reason) => reason), "gone");
    assertEquals(books.has("charge", "d"), false);
  });

  it("answers a call with the result of the other side, in one go", async () => {
    const rooms = new Set<string>();
    const books = ledger(() => [...rooms].map((id) => ({ effect: "room", id, amount: 1 })));
    const book = (room: string) =>
      books.call(() => {
        if (rooms.has(room)) throw new Error(`${room} is taken`);
        books.add("mail", room);
        assertEquals(books.has("mail", room), true);
        rooms.add(room);
        return rooms.size;
      });
    const booking = book("12");
    assertEquals(books.left(), []);
    const size: number = await booking;
    assertEquals(size, 1);
    await assertRejects(() => book("12"), Error, "12 is taken");
    assertEquals(books.left(), [
      { effect: "mail", id: "12", amount: 1 },
      { effect: "room", id: "12", amount: 1 },
    ]);
  });

  it("fails a call that adds a forbidden effect", async () => {
    const books = ledger();
    await books.forbid("charge", "c");
    const charging = books.call(() => {
      books.add("charge", "c");
    });
    assertEquals(
      await charging.catch((error) => error.message),
      "Cannot add 'charge c' as it has been forbidden",
    );
  });

  it("refuses an asynchronous call, as it is unknown when that has happened", async () => {
    const books = ledger();
    const error = await books.call(() => Promise.resolve()).catch((error) => error);
    assertEquals(
      error instanceof ConfigError && error.message,
      "Cannot ask for a call as what the other side does must be synchronous",
    );
  });

  it("refuses invalid options", () => {
    const books = ledger();
    assertThrows(
      // @ts-expect-error -- an amount is an option
      () => books.add("charge", "c", 5),
      ConfigError,
      "Cannot ask for charge c as its definition must be an object: current value is 5",
    );
    // @ts-expect-error -- a list is not a function
    assertThrows(() => ledger([]), ConfigError, "'left' must be a function");
  });
});

function controller() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: unknown) => controller.abort(reason) };
}
