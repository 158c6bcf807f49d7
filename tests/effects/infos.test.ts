import { describe, it } from "node:test";
import { inspect } from "node:util";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { filter, map, pipeline, type RollbackInfo, type RunInfo, step } from "@runsheet/runsheet";
import { fail } from "../support/steps.ts";

type Info = Partial<RunInfo & RollbackInfo & { readonly index: number }>;

/** Every kind of info passed to user code in one run, by its recipient. */
async function infosOfARun(): Promise<ReadonlyMap<string, Info>> {
  const infos = new Map<string, Info>();
  const see = (name: string) => (info: Info) => void infos.set(name, info);
  const charge = step({
    name: "charge",
    retry: { count: 1 },
    run: (_ctx, info) => {
      see("run")(info);
      info.defer(see("deferred undo"));
      if (info.attempt === 1) throw new Error("502");
    },
    rollback: (_ctx, _output, info) => see("rollback")(info),
    undoByKey: (_ctx, info) => see("undo by key")(info),
  });
  const items = map("items", () => [1], (_item, _ctx, info) => see("item")(info));
  const odd = filter("odd", () => [1], (_item, _ctx, info) => {
    see("filter")(info);
    return true;
  });
  await pipeline({ name: "p", steps: [charge, items, odd, fail] }).run({}, { runId: "r" });
  return infos;
}

const UNDO = ["error", "signal", "attempt", "key", "effectKey"];
const expected: Readonly<Record<string, readonly string[]>> = {
  "run": ["signal", "attempt", "key", "defer"],
  "item": ["index", "signal", "key", "defer"],
  "filter": ["index", "signal", "key", "defer"],
  "rollback": UNDO,
  "deferred undo": UNDO,
  "undo by key": UNDO,
};

describe("the info passed to user code", () => {
  it("is passed to code of six kinds", async () => {
    assertEquals([...(await infosOfARun()).keys()].sort(), Object.keys(expected).sort());
  });

  for (const [kind, names] of Object.entries(expected)) {
    it(`is kept by a spread: ${kind}`, async () => {
      const info = (await infosOfARun()).get(kind)!;
      const copy = { ...info, more: 1 };
      assertEquals(Object.keys(copy), [...names, "more"]);
      for (const name of names) {
        const key = name as keyof Info;
        assert(copy[key] !== undefined, name);
        assertStrictEquals(copy[key], info[key], name);
      }
      assert(copy.signal instanceof AbortSignal);
      const { key, defer, ...others } = { ...info };
      assertEquals(Object.keys(others), names.filter((name) => name !== "key" && name !== "defer"));
      assert(key?.startsWith("r/p/"), key);
      assertEquals(typeof defer, names.includes("defer") ? "function" : "undefined");
    });

    it(`cannot be changed: ${kind}`, async () => {
      const info = (await infosOfARun()).get(kind)! as Record<string, unknown>;
      const { key } = info;
      assertThrows(() => info["key"] = "mine", TypeError);
      assertThrows(() => info["more"] = 1, TypeError);
      assertThrows(() => delete info["key"], TypeError);
      assertThrows(() => Object.defineProperty(info, "key", { value: "mine" }), TypeError);
      assertThrows(() => Object.setPrototypeOf(info, { key: "mine" }), TypeError);
      assertThrows(() => Object.freeze(info), TypeError);
      assertEquals([info["key"], info["more"]], [key, undefined]);
      // All infos share one target, which nothing must reach.
      assertEquals(Object.keys(info), expected[kind]);
      assertEquals(Object.getPrototypeOf(info), Object.prototype);
    });

    it(`shows nothing but its fields: ${kind}`, async () => {
      const info = (await infosOfARun()).get(kind)!;
      assertEquals(Reflect.ownKeys(info), [...names]);
      assertEquals(Object.entries(info).map(([name]) => name), names);
      assertEquals(names.filter((name) => name in info), names);
      assert(!("site" in info) && !("scope" in info) && !("effect" in info));
      const printed = [inspect(info), inspect([info], { depth: 9 }), JSON.stringify(info)].join();
      assert(
        !/scope|journal|cancellation|shared|generation|handler|deferred/i.test(printed),
        printed,
      );
    });
  }

  it("has a defer that works when it is taken from the copy", async () => {
    const undone: string[] = [];
    const reserve = step({
      name: "reserve",
      run: (_ctx, info) => {
        const { defer } = { ...info };
        defer(() => undone.push("reserve"));
        [() => undone.push("more")].forEach(defer);
      },
    });
    await pipeline({ name: "p", steps: [reserve, fail] }).run();
    assertEquals(undone, ["more", "reserve"]);
  });
});
