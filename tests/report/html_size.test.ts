import { describe, it } from "node:test";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { type AnyStep, map, pipeline, step } from "@runsheet/runsheet";
import { html } from "@runsheet/runsheet/report";
import { idle } from "../support/flows.ts";
import { recorded, wordsOf } from "../support/recorded.ts";
import { fail } from "../support/steps.ts";

/** The number of bytes of a page. */
function sizeOf(page: string): number {
  return new TextEncoder().encode(page).length;
}

describe("the size of a page", () => {
  it("is at most 50 KB for 5,000 items, and shows the first ones and those that failed", async () => {
    const items = Array.from({ length: 5_000 }, (_, n) => n);
    const save = (n: number) => {
      if (n % 1_000 === 999) throw new RangeError(`row ${n} is bad`);
      return n;
    };
    const flow = pipeline({
      name: "import",
      steps: [
        map("rows", () => items, save, { onFailure: "collect" }),
        map(
          "mails",
          () => items.map((n) => ({ n })),
          step({ name: "send", run: () => {}, rollback: () => {} }),
        ),
        fail,
      ],
    });
    const page = html(await recorded(flow));
    assertLessOrEqual(sizeOf(page), 50_000);
    const words = wordsOf(page);
    const rows = words.slice(words.indexOf("What ran"));
    assertEquals(rows.filter((line) => line.includes(" item ")).map((line) => line.slice(2)), [
      ...Array.from({ length: 10 }, (_, n) => `item ${n}`),
      ...[999, 1_999, 2_999, 3_999, 4_999].map((n) => `item ${n} failed`),
    ]);
    assertEquals(words.filter((line) => line.startsWith("… and")), [
      "… and 4,990 more", // undos in the list
      "… and 4,985 more",
      "… and 4,990 more",
      "… and 4,990 more", // undos in the rollback
    ]);
    assert(rows.includes("✓ map(rows) 5,000 of 5,000 done, 5 of them failed"));
  });

  it("is at most 50 KB whatever the names, the messages and the depth", async () => {
    const long = "🎉<&>".repeat(1_000);
    const broken = step({
      name: long,
      run: () => Promise.reject(new Error(long)),
      retry: { count: 9 },
    });
    const rows = Array.from({ length: 20 }, () => ({}));
    let flow: AnyStep = broken;
    for (const name of ["a", "b"]) flow = map(name, () => rows, flow, { onFailure: "collect" });
    const many = Array.from({ length: 500 }, (_, n): AnyStep => idle(`${n} ${long}`));
    const wide = pipeline({ name: long, steps: [flow, ...many, fail] });
    const page = html(await recorded(wide, {}, { runId: long }));
    assertLessOrEqual(sizeOf(page), 50_000);
    assertLess(30_000, sizeOf(page), "there must be as much as there is room for");
  });
});
