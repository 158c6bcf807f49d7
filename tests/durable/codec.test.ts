import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { RetryExhaustedError, TimeoutError } from "@runsheet/runsheet";
import { codec } from "@runsheet/runsheet/durable";

const { encode, decode } = codec();
const again = (value: unknown) => decode(encode(value));

describe("the codec of durable runs", () => {
  it("restores values that JSON alone would lose", () => {
    const value = {
      at: new Date(0),
      never: new Date(NaN),
      lines: new Map<unknown, unknown>([["tea", 2n], [{ deep: true }, [undefined]]]),
      bytes: new Uint8Array([0, 255]),
      numbers: [NaN, Infinity, -Infinity, -0],
      $: { $date: "a key of the user's own" },
    };
    assertEquals(again(value), value);
    assertEquals([...again(new Set([1, "a"])) as Set<unknown>], [1, "a"]);
  });

  it("restores a hole in an array as undefined", () => {
    const holes: unknown[] = [];
    holes[1] = 1;
    assertEquals(again(holes), [undefined, 1]);
  });

  it("restores a key that is called __proto__ as a key", () => {
    const value = JSON.parse('{ "__proto__": { "isAdmin": true } }');
    const restored = again(value) as { isAdmin?: boolean };
    assertEquals(restored.isAdmin, undefined);
    assertEquals(Object.keys(restored), ["__proto__"]);
  });

  class Day extends Date {}
  class Lines extends Map {}
  class Tags extends Set {}
  class Order {}
  for (const value of [new Day(), new Lines(), new Tags(), new Order(), new URL("x:y")]) {
    const { name } = value.constructor;
    it(`refuses a ${name}, whose class would be lost`, () => {
      const { message } = assertThrows(() => encode({ a: [value] }), TypeError);
      assertEquals(message, `must be data that can be recorded: it.a[0] is a ${name}`);
    });
  }

  it("refuses a cycle, but not one object in two places", () => {
    const shared = { a: 1 };
    assertEquals(again([shared, shared]), [shared, shared]);
    const cycle: unknown[] = [];
    cycle.push([cycle]);
    const { message } = assertThrows(() => encode(cycle), TypeError);
    assertEquals(message, "must be data that can be recorded: it[0][0] is part of itself");
  });

  it("refuses what is nested too deeply in a sentence", () => {
    let deep: unknown = "end";
    for (let n = 0; n < 100_000; n++) deep = { deep };
    const { message } = assertThrows(() => encode(deep), TypeError);
    assertEquals(
      message,
      "must be data that can be recorded: it is nested too deeply, or too large",
    );
  });

  it("restores one error in two places as one", () => {
    const last = new Error("busy");
    const error = new AggregateError([new Error("first"), last], "all failed", { cause: last });
    const restored = again({ error, last }) as { error: AggregateError; last: Error };
    assert(restored.error.cause === restored.error.errors[1]);
    assert(restored.error.cause === restored.last);
  });

  it("keeps the JSON of an error of runsheet", () => {
    const last = new Error("busy");
    const error = new RetryExhaustedError("used up", [last]);
    assertEquals(JSON.stringify(again(error)), JSON.stringify(error));
  });

  it("forgets an error inside a value that it leaves out", () => {
    const inner = new Error("inner");
    const error = Object.assign(new Error("outer"), { request: { inner, send: () => {} } });
    const [outer, restored] = again([error, inner]) as [Error & { request?: unknown }, Error];
    assertEquals([outer.request, restored.message], [undefined, "inner"]);
  });

  it("knows the errors of runsheet, whatever a minifier calls them in each build", () => {
    const { name } = TimeoutError;
    const rename = (value: string) => Object.defineProperty(TimeoutError, "name", { value });
    try {
      rename("a");
      const text = codec().encode(new TimeoutError("late", 5));
      rename("b");
      const error = codec().decode(text);
      assert(error instanceof TimeoutError && error.timeoutMs === 5);
    } finally {
      rename(name);
    }
  });

  it("restores the errors of the application by their class", () => {
    class Declined extends Error {
      override readonly name = "Declined";
      readonly code = "NO_FUNDS";
    }
    const own = codec([Declined]);
    const restored = own.decode(own.encode(new Declined("declined")));
    assert(restored instanceof Declined);
    assertEquals([restored.code, restored.message], ["NO_FUNDS", "declined"]);
  });
});
