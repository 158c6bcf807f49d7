// zone.js replaces the global `Promise`, and Dexie does so inside a transaction. Async functions
// still return native promises, so `instanceof` cannot recognize promises.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Place, places, swappedPromise } from "../support/effects/places.ts";
import { spawnScript } from "../support/spawn.ts";

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The output of a script about each place. */
async function toldBy(script: string): Promise<Record<string, string>> {
  const { stdout, stderr, code } = await spawnScript(script);
  assertEquals([stderr, code], ["", 0]);
  return JSON.parse(stdout);
}

async function whileSwapped(place: Place): Promise<string> {
  const Native = globalThis.Promise;
  globalThis.Promise = swappedPromise();
  try {
    return await place(pass);
  } finally {
    globalThis.Promise = Native;
  }
}

describe("with the global Promise swapped", () => {
  for (const [name, place] of Object.entries(places)) {
    it(`everything behaves as without it: ${name}`, async () => {
      assertEquals(await whileSwapped(place), await place(pass));
    });
  }

  it("a charge is made once, and undone", async () => {
    assertEquals(
      await whileSwapped(places["a step that fails"]!),
      JSON.stringify([
        "a",
        "undo a",
        "deferred of a",
        ["Error", "boom", { completed: ["a", "a (deferred)"], failed: [] }],
      ]),
    );
  });
});

describe("with zone.js", () => {
  it("everything behaves as without it", async () => {
    const told = await toldBy("zone");
    for (const [name, place] of Object.entries(places)) {
      assertEquals(told[name], await place(pass), name);
    }
  });
});

describe("inside a transaction of Dexie", () => {
  it("everything behaves as outside, and the undo is part of the transaction", async () => {
    const { rows, ...told } = await toldBy("dexie");
    assertEquals(rows, "0 rows");
    for (const name of Object.keys(told)) {
      assertEquals(told[name], await places[name]!(pass), name);
    }
    assertEquals(Object.keys(told).length, Object.keys(places).length - 1);
  });
});
