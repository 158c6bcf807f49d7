import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertLessOrEqual,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { type AnyStep, ConfigError, map, parallel, pipeline, step } from "@runsheet/runsheet";
import { type TimedSpan, tree } from "@runsheet/runsheet/report";
import { cleanups } from "../support/cleanup.ts";
import { hostileNames, idle } from "../support/flows.ts";
import { recorded } from "../support/recorded.ts";
import { worstOrder } from "../support/scenes.ts";
import { fail, thrower } from "../support/steps.ts";

/** The lines of a tree without durations and bars. */
function namesOf(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/ +[\d.]+ (?:ms|s|min) {2}.*$/, ""));
}

describe("a tree", () => {
  const { fakeTime } = cleanups();

  it("states the reason of an abort once", async () => {
    const wait = step({
      name: "wait",
      run: (_ctx, { signal }) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    const run = await recorded(parallel(wait, fail));
    const lines = namesOf(tree(run)).filter((line) => line.includes("ABORTED"));
    assert(lines.length > 0);
    for (const line of lines) assertMatch(line, /(?<!by) Error: boom$/);
  });

  it("shows everything that a page shows", async () => {
    assertEquals(namesOf(tree((await worstOrder(fakeTime())).run)), [
      "✗ order (failed)",
      "├ ✓ reserve",
      "├ ✓ charge (3 attempts)",
      "│ ├ ✗ attempt 1 (failed)",
      "│ │   TimeoutError (TIMEOUT): Cannot finish 'charge' as it must settle within 50 ms: it is still pending",
      "│ ├ » attempt 1, landed late, undone",
      "│ │ ├ ↩ undo charge (attempt 1, landed late)",
      "│ │ └ ↩ undo charge (deferred by attempt 1)",
      "│ ├ · wait (10 ms planned)",
      "│ ├ ✗ attempt 2 (failed)",
      "│ │   TypeError: out of order, caused by Error: connection reset",
      "│ ├ ↩ rollback (all undone)",
      "│ │ └ ↩ undo charge (deferred by attempt 2)",
      "│ ├ · wait (20 ms planned)",
      "│ └ ✓ attempt 3",
      "├ ✓ log (no undo declared)",
      "├ ✗ fulfil (failed)",
      "│ ├ ✓ ship (no undo declared)",
      "│ └ ✗ fail (failed)",
      "│     Error: boom",
      "└ ‼ rollback (1 not undone)",
      "  ├ ✗ undo charge (of attempt 3) (failed)",
      "  │   Error: no refund",
      "  ├ ‼ undo charge, retry 1 (could not be undone)",
      "  │   Error: no refund",
      "  ├ ↩ undo charge (deferred by attempt 3)",
      "  ├ ✗ undo reserve (failed)",
      "  │   Error: busy",
      "  └ ↩ undo reserve, retry 1",
    ]);
  });

  it("has no colours by default, and the same text with them", async () => {
    const { run } = await worstOrder(fakeTime());
    const plain = tree(run);
    const colored = tree(run, { color: true });
    assertFalse(plain.includes("\x1b"));
    const code = /\p{Cc}\[(\d+)m/gu;
    const codes = [...colored.matchAll(code)].map(([, number]) => Number(number));
    assertEquals([...new Set(codes)].sort((one, other) => one - other), [0, 31, 32, 33, 35, 90]);
    assertEquals(colored.replaceAll(code, ""), plain);
  });

  it("keeps to its width, except for errors", async () => {
    const run = await recorded(pipeline({ name: "p", steps: [idle("a".repeat(200)), idle("b")] }));
    for (const width of [60, 100, 140]) {
      const lines = tree(run, { width }).split("\n");
      for (const line of lines) assertLessOrEqual([...line].length, width);
      assert(lines.some((line) => line.includes("…")));
    }
  });

  it("cuts names before their end, which says how it went", async () => {
    const run = await recorded(
      pipeline({ name: "p", steps: [step({ name: "a".repeat(200), run: thrower })] }),
    );
    const names = namesOf(tree(run, { width: 60 }));
    assertMatch(names[1]!, /^└ ✗ a+…a+… \(failed\)$/);
  });

  it("aligns names whose characters take two columns of a terminal, or none", async () => {
    const names = [
      "注文を確認する",
      "결제",
      "支付".repeat(40),
      "x" + "支付".repeat(40),
      "🚚 ship",
      "e\u0301tat",
    ];
    const steps = names.map((name): AnyStep => step({ name, run: () => {} }));
    const run = await recorded(pipeline({ name: "p", steps }));
    for (const width of [60, 61, 62, 63, 100]) {
      const lines = tree(run, { width }).replaceAll(/[注文を確認する결제支付🚚]/gu, "xx")
        .replaceAll("\u0301", "").split("\n");
      const columns = new Set(lines.map((line) => line.search(/ m?s {2}/)));
      assertEquals([columns.size, lines.length], [1, 7], lines.join("\n"));
      for (const line of lines) assertLessOrEqual(line.length, width);
    }
  });

  it("gives the run half of its columns, however long after it the last attempt landed", async () => {
    const run = await recorded(idle("a"));
    const late: TimedSpan = { ...run, span: { ...run.span, kind: "late" }, from: 60, to: 60_000 };
    const [whole = "", attempt = ""] = tree({ ...run, from: 0, to: 100, parts: [late] }).split(
      "\n",
    );
    const bars = attempt.lastIndexOf("░") - whole.indexOf("█") + 1;
    assertEquals((whole.match(/█/g) ?? []).length, Math.round(bars / 2));
  });

  it("shows the time of each part as a bar: the whole, its beginning and its end", async () => {
    const lines = tree(await recorded(pipeline({ name: "p", steps: [idle("a"), idle("b")] })))
      .split("\n");
    const bars = lines.map((line) => [line.indexOf("█"), line.lastIndexOf("█")]);
    const [whole = [], first = [], second = []] = bars;
    assertEquals(first[0]! >= whole[0]!, true);
    assertEquals(second[0]! >= first[0]!, true);
    assertEquals(second[1]! <= whole[1]!, true);
  });

  it("lets no name and no message control the terminal", async () => {
    for (const name of hostileNames.keys()) {
      const text = tree(
        await recorded(
          step({ name, run: () => Promise.reject(new Error(`${name}\r\x1b[2J\x07`)) }),
        ),
      );
      assertFalse(/[\p{Cc}\u202E]/u.test(text.replaceAll("\n", "")), JSON.stringify(text));
      assertEquals(text.split("\n").length, 2);
    }
  });

  it("has at most 200 lines, and shows the first items and those that failed", async () => {
    const save = (n: number) => {
      if (n === 4_321) throw new RangeError("row 4321 is bad");
      return n;
    };
    const rows = map("rows", () => Array.from({ length: 5_000 }, (_, n) => n), save);
    const text = tree(await recorded(pipeline({ name: "import", steps: [rows] })));
    const names = namesOf(text).map((line) => line.trim());
    assertEquals(
      names.slice(-4),
      [
        "├ ✓ item 9",
        "├ ✗ item 4321 (failed)",
        "│   RangeError: row 4321 is bad",
        "└ … and 4,989 more",
      ].slice(-4),
    );
    const many = Array.from({ length: 500 }, (_, n): AnyStep => idle(`s${n}`));
    const wide = pipeline({ name: "wide", steps: [...many, fail] });
    const lines = tree(await recorded(wide)).split("\n");
    assertEquals(lines.length, 200);
    assertEquals(lines.at(-1), "└ … and 303 more");
    const groups = Array.from({ length: 40 }, (_, n) => map(`m${n}`, () => Array(20), () => 1));
    const deep = tree(await recorded(pipeline({ name: "deep", steps: groups })));
    assertLessOrEqual(deep.split("\n").length, 200);
    assertMatch(deep, /… and 10 more/);
  });

  it("refuses a width that is too small, and invalid options", async () => {
    const run = await recorded(idle("a"));
    for (const width of [0, 59, 80.5, NaN, "80" as never]) {
      assertThrows(
        () => tree(run, { width }),
        ConfigError,
        "'width' must be an integer of at least 60",
      );
    }
    assertThrows(() => tree(run, { color: 1 as never }), ConfigError, "'color' must be a boolean");
    assertThrows(
      () => tree(run, { colour: true } as never),
      ConfigError,
      "must be among color, width",
    );
  });
});
