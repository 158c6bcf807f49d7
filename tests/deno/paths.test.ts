import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  attemptId,
  baseOf,
  byKeyName,
  deferId,
  deferredName,
  type Id,
  itemPath,
  join,
  keyOf,
  keyUndoId,
  keyWaitId,
  labelOf,
  labels,
  parseId,
  predicateId,
  recordId,
  rollbackId,
  stepOf,
  stepPath,
  waitId,
  withGeneration,
  withoutIndexes,
} from "../../src/run/paths.ts";
import { property } from "../support/property.ts";

function check<T>(cases: fc.Arbitrary<T>, holds: (one: T) => void): Promise<void> {
  return property(cases, (one) => Promise.resolve(holds(one)));
}

/** Names that look like parts of the grammar, and any others. */
const name = fc.oneof(
  fc.string({ minLength: 1, unit: fc.constantFrom(..."%/@!?[~<]#1aé\ud800) (") }),
  fc.constantFrom("a/b", "a@2", "a!undo", "a[1]", "a~2", "a?", "<args>", "%2F", "a (deferred)"),
  fc.string({ minLength: 1, unit: "binary" }),
);
const count = fc.integer({ min: 1, max: 120 });

/**
 * A path, the names, item indexes and attempts of pipelines that it is made of, and the path
 * without the attempts.
 */
const index = fc.option(fc.nat({ max: 99 }), { nil: undefined });
const path = fc.array(fc.tuple(name, index, fc.option(count, { nil: undefined })), {
  minLength: 1,
  maxLength: 4,
}).map((parts) => ({
  parts,
  path: parts.reduce((path, [name, index, attempt]) => {
    const inside = attempt === undefined ? path : attemptId(path, attempt);
    const child = join(inside, labelOf(name));
    return index === undefined ? child : itemPath(child, index);
  }, ""),
  without: parts.reduce((path, [name, index]) => {
    const child = join(path, labelOf(name));
    return index === undefined ? child : itemPath(child, index);
  }, ""),
}));

/** The id of a run, which is not escaped in paths. */
const runId = fc.oneof(name, fc.constantFrom("€", "%u20AC", "%u0025u20AC", " ", "a ", "a", "\n"));

const base = fc.record({ path, predicate: fc.option(name, { nil: undefined }) })
  .map(({ path: { path }, predicate }) => {
    if (predicate === undefined) return { id: path, says: { path } };
    const label = labelOf(predicate);
    return { id: predicateId(path, label), says: { path, predicate: label } };
  });

type Built = { readonly id: string; readonly says: Id };

const call: fc.Arbitrary<Built> = fc.tuple(base, count).map(([{ id, says }, attempt]) => ({
  id: attemptId(id, attempt),
  says: { ...says, attempt },
}));

const undo: fc.Arbitrary<Built> = fc.tuple(base, count, count).chain(([{ id, says }, n, k]) =>
  fc.constantFrom<Built>(
    { id: rollbackId(id), says: { ...says, undo: "undo" } },
    { id: rollbackId(id, n), says: { ...says, attempt: n, undo: "undo" } },
    { id: keyUndoId(id, n), says: { ...says, generation: n, undo: "key" } },
    { id: deferId(id, n, k), says: { ...says, attempt: n, undo: "defer", defer: k } },
  )
);

const again: fc.Arbitrary<Built> = fc.tuple(undo, count).map(([{ id, says }, n]) => ({
  id: attemptId(id, n + 1),
  says: { ...says, undoAttempt: n + 1 },
}));

const wait: fc.Arbitrary<Built> = fc.oneof(
  fc.tuple(base, count).map(([{ id, says }, n]): Built => ({
    id: waitId(id, n),
    says: { ...says, attempt: n, isWait: true },
  })),
  fc.tuple(undo, count).map(([{ id, says }, n]): Built => ({
    id: waitId(id, n + 1),
    says: { ...says, undoAttempt: n + 1, isWait: true },
  })),
  fc.tuple(path, count).map(([{ path }, n]): Built => ({
    id: keyWaitId(path, n),
    says: { path, ...(n > 1 && { generation: n }), isWait: true },
  })),
);

const key: fc.Arbitrary<Built> = fc.tuple(base, count).map(([{ id, says }, n]) => ({
  id: withGeneration(id, n),
  says: n === 1 ? says : { ...says, generation: n },
}));

const record: fc.Arbitrary<Built> = fc.tuple(
  path,
  fc.constantFrom<NonNullable<Id["record"]>>("args", "items", "timeout", "sleep", "event", "retry"),
  fc.option(count, { nil: undefined }),
).map(([{ path }, record, attempt]) =>
  attempt === undefined
    ? { id: recordId(path, record), says: { path, record } }
    : { id: recordId(attemptId(path, attempt), record), says: { path, attempt, record } }
);

const built = fc.oneof(record, base, call, undo, again, wait, key);

Deno.test("an id parses into the parts that it was built from", () =>
  check(built, ({ id, says }) => assertEquals(parseId(id), says)));

Deno.test("the path in a report has no attempts of pipelines", () =>
  check(path, ({ path, without }) => assertEquals(stepPath(path), without)));

Deno.test("ids of different parts are different", () =>
  check(fc.tuple(built, built), ([one, other]) => {
    assertEquals(
      one.id === other.id,
      JSON.stringify(one.says) === JSON.stringify(other.says),
    );
  }));

Deno.test("a text that was not built as an id does not parse", () => {
  const texts = fc.string({ unit: fc.constantFrom(..."a@!?~012/[]"), maxLength: 8 });
  const words = fc.array(
    fc.constantFrom(
      "a",
      "@1",
      "@0",
      "@01",
      "~1",
      "~2",
      "!undo",
      "!key",
      "!defer",
      "!defer1",
      "!wait",
      "?",
      "?b",
    ),
  );
  return check(fc.oneof(texts, words.map((words) => words.join(""))), (text) => {
    const says = parseId(text);
    if (!says) return;
    const { path, predicate, attempt, generation, undo, defer, undoAttempt, isWait } = says;
    const of = predicate === undefined ? path : `${path}?${predicate}`;
    const place = attempt === undefined ? "" : `@${attempt}`;
    const gen = generation === undefined || generation === 1 ? "" : `~${generation}`;
    const verb = undo === undefined ? "" : `!${undo}${defer ?? ""}`;
    const retry = undoAttempt === undefined ? "" : `@${undoAttempt}`;
    assertEquals(`${of}${place}${gen}${verb}${retry}${isWait ? "!wait" : ""}`, text);
  });
});

/** Unescapes a label into its name, with its number among siblings. */
function nameOf(label: string): string {
  return label.replaceAll(/%([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}

Deno.test("a path is made of the names that can be read from it", () =>
  check(path, ({ without, parts }) => {
    const read = without.split("/").map((segment) => {
      const [, label, index] = segment.match(/^([^[]*)(?:\[(\d+)\])?$/)!;
      return [nameOf(label!), index === undefined ? undefined : +index];
    });
    assertEquals(read, parts.map(([name, index]) => [name, index]));
    const names = parts.map(([name]) => name);
    assertEquals(withoutIndexes(without).split("/").map(nameOf), names);
  }));

Deno.test("labels of siblings are unique, and contain their names", () =>
  check(fc.array(name), (names) => {
    const unique = labels(names);
    assertEquals(new Set(unique).size, names.length);
    unique.forEach((label, n) => {
      const read = nameOf(label);
      assert(read === names[n] || read.replace(/#\d+$/, "") === names[n], label);
    });
  }));

Deno.test("the id without the attempt is the id that it was built from", () =>
  check(fc.tuple(base, undo, count), ([{ id }, undo, attempt]) => {
    assertEquals(baseOf({ id: attemptId(id, attempt), kind: "attempt", attempt }), id);
    const undoId = attempt === 1 ? undo.id : attemptId(undo.id, attempt);
    assertEquals(baseOf({ id: undoId, kind: "undo", attempt }), undo.id);
  }));

Deno.test("a name in a report is the path of its step", () =>
  check(path, ({ path }) => {
    assertEquals([deferredName, byKeyName].map((name) => stepOf(name(path))), [path, path]);
  }));

Deno.test("keys fit into a header, and differ there if their runs, pipelines or effects do", () =>
  check(
    fc.tuple(runId, name, key, runId, name, key),
    ([run, p, one, other, q, another]) => {
      const sent = (key: string) => new Headers({ "Idempotency-Key": key }).get("Idempotency-Key");
      const [a, b] = [keyOf(run, p, one.id), keyOf(other, q, another.id)];
      assertEquals(sent(a), a);
      if (run.includes("/") || other.includes("/")) return;
      assertEquals(a === b, run === other && p === q && one.id === another.id);
    },
  ));

Deno.test("the ids of runs, and the keys in them, are not mistaken for escaped ones", () => {
  const ids = ["€", "%u20AC", "%u0025u20AC", "%25u20AC", "\ud800", " a", "a", "a ", "a\n", "%"];
  const keys = ids.flatMap((id) => [keyOf(id, "p", "s"), keyOf("run", "", labelOf(id))]);
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(keyOf("€ 1", "日本", "zahlung €~2"), "%u20AC 1/%u65E5%u672C/zahlung %u20AC~2");
  assertEquals(keyOf(" o", "", "s "), "%u0020o/s%u0020");
  assertEquals(keyOf(keyOf("€", "p", "s@1"), "q", "t"), "%u0025u20AC/p/s@1/q/t");
});

Deno.test("keys of one run differ if their pipelines or effects do", () =>
  check(fc.tuple(name, key, name, key), ([p, one, q, other]) => {
    const isSame = p === q && one.id === other.id;
    assertEquals(keyOf("run", p, one.id) === keyOf("run", q, other.id), isSame);
  }));
