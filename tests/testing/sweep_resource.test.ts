import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { map, parallel, pipeline, resource, step } from "@runsheet/runsheet";
import { assertCompensated, ledger, sweep, type SweepReport } from "@runsheet/runsheet/testing";
import { outcomes } from "../support/sweeps.ts";

/** The mistake in the release of the connection. */
type Bug = "none" | "forgotten" | "twice" | "too early" | "failing" | "endless";

interface Connection {
  readonly id: number;
  insert(row: string): Promise<void>;
  remove(row: string): Promise<void>;
}

/** A pool of connections, each of which refuses to work once it is released. */
function poolOf(books: ReturnType<typeof ledger>) {
  let count = 0;
  const open = new Set<number>();
  const use = (id: number, act: () => unknown) =>
    books.call(() => {
      if (!open.has(id)) throw new Error(`connection ${id} is closed`);
      act();
    });
  return {
    async connect(): Promise<Connection> {
      const id = ++count;
      await books.call(() => {
        open.add(id);
        books.add("connection", id);
      });
      return {
        id,
        insert: (row) => use(id, () => books.add("row", row)),
        remove: (row) => use(id, () => books.forbid("row", row)),
      };
    },
    async release(id: number): Promise<void> {
      await books.call(() => {
        open.delete(id);
        books.remove("connection", id);
      });
    },
  };
}

async function swept(bug: Bug, inside = false): Promise<SweepReport> {
  const books = ledger();
  const pool = poolOf(books);
  const connection = resource({
    name: "connection",
    acquire: () => pool.connect(),
    timeout: 1_000,
    release: {
      ...bug !== "endless" && { timeout: 1_000 },
      run: async ({ id }) => {
        if (bug === "failing") throw new Error("the pool is gone");
        if (bug === "forgotten" || bug === "too early") return;
        await pool.release(id);
        if (bug === "twice") await pool.release(id);
      },
    },
  });
  const insert = step({
    name: "insert",
    timeout: 1_000,
    retry: { count: 1 },
    run: (ctx: { connection: Connection }, { key }) => ctx.connection.insert(key),
    undoByKey: {
      timeout: 1_000,
      run: ({ connection }, { effectKey }) => connection.remove(effectKey),
    },
  });
  const close = step({
    name: "close",
    run: async ({ connection }: { connection: Connection }) => {
      if (bug === "too early") await pool.release(connection.id);
    },
  });
  const save = pipeline({ name: "save", steps: [connection, insert, close] });
  const p = inside
    ? pipeline({ name: "p", steps: [map("rows", () => [{}, {}], save)] })
    : pipeline({ name: "p", steps: [save, parallel(step({ name: "tell", run: () => {} }))] });
  return await sweep(p, {}, { ledger: books });
}

describe("a sweep of a pipeline with a resource", () => {
  it("finds nothing if it is released once, after the undo, whatever happens", async () => {
    for (const inside of [false, true]) assertCompensated(await swept("none", inside));
  });

  it("finds a resource that is not released, released twice, or before an undo that uses it", async () => {
    for (
      const [bug, finding] of [
        ["forgotten", "connection 1 is left, by 'save/connection'"],
        ["twice", "connection 1 is undone too often, by 'save/connection'"],
        ["too early", "the undo of 'save/insert' failed: connection 1 is closed"],
        ["failing", "the undo of 'save/connection' failed: the pool is gone"],
        ["endless", "a release that is asynchronous needs a 'timeout'"],
      ] as const
    ) {
      const report = await swept(bug);
      const { message } = assertThrows(() => assertCompensated(report), Error);
      assertStringIncludes(message, finding);
    }
  });

  it("also makes its acquisition fail and land late, and its release fail", async () => {
    const cases = outcomes(await swept("none")).filter((text) => text.includes("connection"));
    assertEquals(cases, [
      "save/connection@1: before compensated",
      "save/connection@1: late compensated",
      "save/connection@1: abort compensated",
      "save/connection@1!effect1: before compensated",
      "save/connection@1!effect1: late compensated",
      "save/connection!undo: before reported",
      "save/connection!undo: after compensated",
      "save/connection!undo: hang compensated",
    ]);
  });
});
