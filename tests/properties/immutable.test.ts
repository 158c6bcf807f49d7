// Whatever a step, a rollback, a middleware or the caller does to its objects, no one else sees it.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  type AnyStep,
  distribute,
  filter,
  map,
  type Middleware,
  pipeline,
  step,
  when,
} from "@runsheet/runsheet";
import { property } from "../support/property.ts";
import { failAsync } from "../support/steps.ts";

/** An instance: passed through unchanged, and ignored by the mutators. */
class Client {
  readonly id = 1;
}

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.constant(null),
  fc.constant(undefined),
  fc.date({ noInvalidDate: true }),
  fc.constant(0).map(() => new Client()),
  fc.constant(0).map(() => /x/g),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-e]$/), tie("tree"), { maxKeys: 3 }),
    fc.array(fc.tuple(fc.string({ maxLength: 2 }), tie("tree")), { maxLength: 3 }).map((pairs) =>
      new Map(pairs)
    ),
    fc.array(tie("tree"), { maxLength: 3 }).map((items) => new Set(items)),
    fc.dictionary(fc.stringMatching(/^[a-e]$/), tie("tree"), { maxKeys: 2 })
      .map((data) => Object.assign(Object.create(null), data)),
    // A cycle, and one object in two places.
    tie("tree").map((item) => {
      const shared = { item };
      const cyclic: Record<string, unknown> = { left: shared, right: shared };
      cyclic.self = cyclic;
      return cyclic;
    }),
  ),
}));

/** Changes everything reachable by ordinary means, and ignores errors. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== "object" || value === null || seen.has(value) || value instanceof Client) {
    return;
  }
  seen.add(value);
  const attempt = (change: () => unknown) => {
    try {
      change();
    } catch {
      // Rejected, as it should be.
    }
  };
  if (value instanceof Map) {
    for (const [key, item] of [...value]) {
      spoil(key, seen);
      spoil(item, seen);
    }
    attempt(() => value.set("spoilt", true));
    attempt(() => value.clear());
  } else if (value instanceof Set) {
    for (const item of [...value]) spoil(item, seen);
    attempt(() => value.add("spoilt"));
    attempt(() => value.clear());
  } else if (value instanceof Date) {
    attempt(() => value.setTime(0));
    attempt(() => value.setUTCFullYear(1900));
  } else {
    for (const key of Reflect.ownKeys(value)) spoil(Reflect.get(value, key), seen);
    if (value instanceof RegExp) return;
    for (const key of Reflect.ownKeys(value)) {
      attempt(() => Reflect.set(value, key, "spoilt") || Reflect.deleteProperty(value, key));
    }
    attempt(() => Object.assign(value, { spoilt: true }));
    if (Array.isArray(value)) attempt(() => value.push("spoilt"));
    attempt(() => Object.setPrototypeOf(value, { spoilt: true }));
  }
}

/** A snapshot of a value that no later change can affect; instances are kept. */
function picture(value: unknown, seen = new Map<unknown, number>()): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Client || value instanceof RegExp) return value;
  const before = seen.get(value);
  if (before !== undefined) return `see ${before}`;
  seen.set(value, seen.size);
  const of = (item: unknown) => picture(item, seen);
  if (value instanceof Map) return ["Map", ...[...value].map(([key, item]) => [of(key), of(item)])];
  if (value instanceof Set) return ["Set", ...[...value].map(of)];
  if (value instanceof Date) return ["Date", value.getTime()];
  if (Array.isArray(value)) return ["Array", ...value.map(of)];
  const kind = Object.getPrototypeOf(value) === null ? "null" : "Object";
  return [kind, ...Reflect.ownKeys(value).map((key) => [key, of(Reflect.get(value, key))])];
}

describe("immutable: 'deep', for any data,", () => {
  it("hides changes that anyone makes to the objects it was given from everyone else", async () => {
    await property(fc.tuple(tree, tree), async ([given, made]) => {
      const args = { given, list: [given], other: 1 };
      const expected = { given: picture(given), made: picture(made) };
      const sights: [who: string, what: keyof typeof expected, sight: unknown][] = [];
      const look = (
        who: string,
        ctx: object,
        has = true,
      ) => {
        sights.push([who, "given", picture(Reflect.get(ctx, "given"))]);
        if (has) sights.push([who, "made", picture(Reflect.get(ctx, "made"))]);
        spoil(ctx);
      };
      const meddle: Middleware = (_step, next) => async (ctx) => {
        look("middleware before", ctx, "made" in ctx);
        const result = await next(ctx);
        if (result.success) spoil(result.data);
        return result;
      };
      const output = { made };
      const make = step({
        name: "make",
        run: (ctx) => {
          look("make", ctx, false);
          return output;
        },
        rollback: (ctx, undone) => {
          look("undo of make", { ...ctx, ...undone });
          spoil(undone);
        },
      });
      const use = step({
        name: "use",
        run: (ctx) => {
          spoil(output);
          spoil(args);
          look("use", ctx);
        },
        rollback: (ctx) => look("undo of use", ctx),
      });
      const each = step({ name: "each", run: (ctx: { item: unknown }) => look("each", ctx) });
      const spoilItem = (item: unknown, ctx: object) => {
        spoil(item);
        look("item", ctx);
        return true;
      };
      const items = (ctx: { readonly list: unknown[] }) => ctx.list;
      const steps: AnyStep[] = [
        make,
        use,
        map("mapped", items, spoilItem),
        filter("filtered", items, spoilItem),
        distribute("each", { list: "item" }, each),
        when((ctx) => (look("predicate", ctx), true), use),
      ];
      const options = { name: "p", immutable: "deep", middleware: [meddle] } as const;
      for (const last of [[], [failAsync]]) {
        sights.length = 0;
        // Each run changes its args and output, so pass equal copies.
        const [freshArgs, freshMade] = revive([args.given, made]);
        Object.assign(args, { given: freshArgs, list: [freshArgs], other: 1 });
        output.made = freshMade;
        for (const own of [args, output]) Object.setPrototypeOf(own, Object.prototype);
        expected.given = picture(freshArgs);
        expected.made = picture(freshMade);
        const result = await pipeline({ ...options, steps: [...steps, ...last] }).run(args);
        assertEquals(result.success, last.length === 0);
        if (result.success) look("data", result.data);
        assert(sights.length > 10);
        for (const [who, what, sight] of sights) assertEquals(sight, expected[what], who);
      }
    });
  });

  it("passes instances through, and copies typed arrays once, on the way in", async () => {
    const client = new Client();
    const bytes = new Uint8Array([1, 2]);
    const buffer = new Uint8Array([3]).buffer;
    const args = { nested: { client, bytes, buffer } };
    const seen: typeof args.nested[] = [];
    const look = step({ name: "look", run: (ctx: typeof args) => void seen.push(ctx.nested) });
    await pipeline({ name: "p", immutable: "deep", steps: [look, look] }).run(args);
    bytes[0] = 9;
    const [first, second] = seen;
    assert(first && second);
    assertStrictEquals(first.client, client);
    assertEquals([...first.bytes], [1, 2]);
    assertStrictEquals(first.bytes, second.bytes);
    assertEquals(first.buffer.byteLength, 1);
    assert(first.buffer !== buffer);
  });
});

/** A deep copy, made independently of the library. */
function revive<T>(value: T, seen = new Map<unknown, unknown>()): T {
  if (
    typeof value !== "object" || value === null || value instanceof Client ||
    value instanceof RegExp
  ) {
    return value;
  }
  const before = seen.get(value);
  if (before) return before as T;
  const keep = <M>(made: M): M => (seen.set(value, made), made);
  const of = (item: unknown) => revive(item, seen);
  let made: unknown;
  if (value instanceof Date) made = keep(new Date(value.getTime()));
  else if (value instanceof Map) {
    const map = made = keep(new Map());
    for (const [key, item] of value) map.set(of(key), of(item));
  } else if (value instanceof Set) {
    const set = made = keep(new Set());
    for (const item of value) set.add(of(item));
  } else if (Array.isArray(value)) {
    const list: unknown[] = made = keep([]);
    for (const item of value) list.push(of(item));
  } else {
    const object = made = keep(Object.create(Object.getPrototypeOf(value)));
    for (const key of Reflect.ownKeys(value)) object[key] = of(Reflect.get(value, key));
  }
  return made as T;
}
