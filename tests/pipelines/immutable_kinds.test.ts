import { describe, it } from "node:test";
import * as vm from "node:vm";
import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { seenDeep } from "../support/seen.ts";

describe("immutable: 'deep', of every kind of data,", () => {
  it("keeps an array's properties besides its elements, and its holes", async () => {
    const match = "2024-05".match(/(?<year>\d+)-(\d+)/d);
    assert(match);
    const holes: unknown[] = new Array(5);
    holes[1] = 1;
    holes[3] = undefined;
    const pieces = ((texts: TemplateStringsArray, _: number) => texts)`a\n${1}b`;
    const mark = Symbol("mark");
    const marked = Object.assign([{ n: 1 }], { [mark]: { n: 2 }, "-1": { n: 3 }, "01": 4 });
    const seen = await seenDeep({ match, holes, pieces, marked });
    assertEquals(seen.match, match);
    assertEquals([seen.match.groups?.["year"], seen.match.index, seen.match.input], [
      "2024",
      0,
      "2024-05",
    ]);
    assertEquals(seen.match.indices, match.indices);
    assertEquals([seen.holes.length, Object.keys(seen.holes)], [5, ["1", "3"]]);
    assertEquals([[...seen.pieces], [...seen.pieces.raw]], [["a\n", "b"], ["a\\n", "b"]]);
    assertEquals(Object.keys(seen.pieces), ["0", "1"]);
    assertEquals([seen.marked[mark], seen.marked["-1"], seen.marked["01"]], [
      { n: 2 },
      { n: 3 },
      4,
    ]);
    const parts = [match, match.groups!, holes, marked, marked[0]!, marked[mark], marked["-1"]];
    assertFalse(parts.some(Object.isFrozen));
    const { match: m, holes: h, pieces: p, marked: k } = seen;
    const copies = [m, m.groups!, m.indices!, h, p, p.raw, k, k[0]!, k[mark], k["-1"]];
    assert(copies.every(Object.isFrozen));
  });

  it("keeps the properties of Maps, Sets and Dates besides their contents", async () => {
    const extra = () => ({ note: { n: 1 } });
    const args = {
      map: Object.assign(new Map([[1, 2]]), extra()),
      set: Object.assign(new Set([1]), extra()),
      date: Object.assign(new Date(5), extra()),
    };
    const { map, set, date } = await seenDeep(args);
    assertEquals([[...map], [...set], date.getTime()], [[[1, 2]], [1], 5]);
    for (const { note } of [map, set, date]) {
      assertEquals(note, { n: 1 });
      assert(Object.isFrozen(note));
    }
  });

  it("copies and freezes plain data of another realm", async () => {
    const data = vm.runInNewContext(`({
      object: { list: [{ n: 1 }], bare: Object.assign(Object.create(null), { n: 1 }) },
      map: new Map([[{ k: 1 }, { n: 1 }]]),
      set: new Set([{ n: 1 }]),
      date: new Date(5),
      bytes: new Uint8Array([1, 2]),
      buffer: new Uint8Array([1, 2]).buffer,
      client: new (class Client {})(),
      registry: new (class Registry extends Map {})(),
      stack: new (class Stack extends Array {})(),
    })`);
    const seen = (await seenDeep({ data })).data;
    const { object, map, set, date } = seen;
    const copies = [seen, object, object.list, object.list[0], object.bare, map, set, date];
    assert(copies.every(Object.isFrozen));
    for (const part of [...map.keys(), ...map.values(), ...set]) assert(Object.isFrozen(part));
    for (const change of [() => map.clear(), () => set.clear(), () => date.setTime(0)]) {
      assertThrows(change, TypeError, "as it is called on a part of an immutable context");
    }
    assertEquals([object.list.length, object.bare.n, date.getTime()], [1, 1, 5]);
    assertEquals([[...seen.bytes], [...new Uint8Array(seen.buffer)]], [[1, 2], [1, 2]]);
    for (const key of ["bytes", "buffer"]) assertNotStrictEquals(seen[key], data[key], key);
    for (const key of ["client", "registry", "stack"]) {
      assertStrictEquals(seen[key], data[key], key);
    }
    assertFalse(Object.isFrozen(data.object) || Object.isFrozen(data.object.list));
  });

  it("passes through instances that pretend to be something else", async () => {
    class Fake {
      readonly tag: unknown;
      constructor(tag: unknown) {
        this.tag = tag;
      }
      get [Symbol.toStringTag]() {
        if (this.tag === undefined) throw new Error("no tag");
        return this.tag;
      }
    }
    const tags = [
      "Map",
      "Set",
      "Date",
      "ArrayBuffer",
      "Array",
      "Object",
      "constructor",
      1,
      undefined,
    ];
    const fakes = tags.map((tag) => new Fake(tag));
    const seen = await seenDeep({ fakes });
    seen.fakes.forEach((fake, n) => assertStrictEquals(fake, fakes[n]));
  });
});
