import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { exampleData, runExample } from "../support/examples.ts";
import type { Ended } from "../support/spawn.ts";
import { skipWithoutSqlite as skip, sqlite } from "../support/sqlite.ts";

const skipSignals = process.platform === "win32" ? "Windows sends no SIGINT to a process" : skip;

describe("examples/importer", () => {
  it("writes every valid line, and lists the lines that it rejects", { skip }, async () => {
    const { code, stdout } = await runMain([]);
    assertEquals(code, 0);
    const { rows, cancelled, rejected, lines, totals } = expected();
    assertStringIncludes(stdout, `${rows} rows, ${cancelled} cancelled\n`);
    for (const [reason, count] of rejected) {
      assertStringIncludes(stdout, `${count} rejected: ${reason}\n`);
    }
    for (const [place, cents] of totals) {
      const [region, currency] = place.split(" ");
      assertStringIncludes(stdout, `${region}: ${(cents / 100).toFixed(2)} ${currency}\n`);
    }
    const all = [...totals.values()].reduce((sum, cents) => sum + cents, 0);
    assertStringIncludes(stdout, `${lines} lines written, ${(all / 100).toFixed(2)} in all\n`);
  });

  it(
    "leaves nothing in the database when Ctrl-C is pressed halfway",
    { skip: skipSignals },
    async () => {
      await withDatabase(async (path) => {
        const { code, stdout } = await runMain(["--db", path, "--pause-at", "1000"], "1000 of");
        assertStringIncludes(stdout, "interrupted: 1000 undone");
        assertStringIncludes(stdout, "0 lines and 0 totals remain");
        assertEquals(code, 130);
        assertEquals(rowsIn(path), { lines: 0, totals: 0 });
      });
    },
  );

  it(
    "continues undoing when Ctrl-C is pressed again",
    { skip: skipSignals },
    async () => {
      await withDatabase(async (path) => {
        const args = ["--db", path, "--pause-at", "1000", "--delay", "2"];
        const { code } = await runMain(args, "1000 of", "interrupted, undoing");
        assertEquals(code, 130);
        assertEquals(rowsIn(path), { lines: 0, totals: 0 });
      });
    },
  );

  it("undoes the lines and the other totals when a total fails", { skip }, async () => {
    await withDatabase(async (path) => {
      const db = new sqlite!.DatabaseSync(path);
      db.exec("CREATE TABLE totals (region, currency, amount, PRIMARY KEY (region, currency))");
      db.exec("INSERT INTO totals VALUES ('west', 'USD', 1)");
      db.close();
      const { code, stdout } = await runMain(["--db", path]);
      assertStringIncludes(stdout, "0 lines and 0 totals remain");
      assertEquals(code, 1);
      assertEquals(rowsIn(path), { lines: 0, totals: 1 });
    });
  });

  it("says so when a line is not written", { skip }, async () => {
    const { code, stderr } = await runMain(["--break", "write"]);
    assertStringIncludes(stderr, "lines: the file has 4");
    assertEquals(code, 1);
  });

  it(
    "says so when an undo does nothing, and something is left",
    { skip: skipSignals },
    async () => {
      await withDatabase(async (path) => {
        const args = ["--db", path, "--pause-at", "1000", "--break", "undo"];
        const { code, stderr } = await runMain(args, "1000 of");
        assertStringIncludes(stderr, "nothing must remain of an import that failed");
        assertEquals(code, 1);
      });
    },
  );
});

// The expected results are derived here from the text of the file, without the example's code.

function expected() {
  const orders = exampleData("import.csv").trim().split("\n").slice(1).map((row) => row.split(","));
  const rejected = new Map<string, number>();
  const totals = new Map<string, number>();
  let lines = 0;
  const paid = orders.filter(([, , , , status]) => status !== "cancelled");
  for (const row of paid) {
    const [, , region = "", currency = "", , items = ""] = row;
    const parts = items.split(";").map((item) => item.split(":"));
    const wrong = parts.flatMap(([product, quantity, price]) => {
      if (!price) return ["malformed item"];
      if (product === "ghost") return ["unknown product"];
      return Number(quantity) <= 0 ? ["quantity is not positive"] : [];
    });
    if (currency.length !== 3) wrong.unshift("unknown currency");
    if (region === "mars") wrong.unshift("unknown region");
    if (row.length !== 6) wrong.unshift("malformed row");
    if (wrong[0]) rejected.set(wrong[0], (rejected.get(wrong[0]) ?? 0) + 1);
    else {
      const amount = parts.reduce(
        (sum, [, quantity, price]) => sum + Number(quantity) * Number(price),
        0,
      );
      const place = `${region} ${currency}`;
      totals.set(place, (totals.get(place) ?? 0) + amount);
      lines += parts.length;
    }
  }
  return { rows: orders.length, cancelled: orders.length - paid.length, rejected, lines, totals };
}

async function withDatabase(use: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "runsheet-"));
  try {
    await use(join(folder, "import.db"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsIn(path: string): { lines: number; totals: number } {
  const db = new sqlite!.DatabaseSync(path);
  const count = (table: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  const rows = { lines: count("lines"), totals: count("totals") };
  db.close();
  return rows;
}

/** Runs the example, and presses Ctrl-C each time it has printed the next of the texts. */
function runMain(args: string[], ...interruptAt: string[]): Promise<Ended> {
  return runExample("importer", args, {
    onOutput(stdout, interrupt) {
      if (interruptAt[0] === undefined || !stdout.includes(interruptAt[0])) return;
      interruptAt.shift();
      interrupt();
    },
  });
}
