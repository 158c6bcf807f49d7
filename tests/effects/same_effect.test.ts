import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Plot, storyOf } from "../support/effects/story.ts";

const c1 = { id: "c1" };

/** A first attempt that lands at 30, after the second one has succeeded at 15 with c1. */
function late(gives: Record<string, unknown> | undefined, plot: Partial<Plot> = {}) {
  const attempts = [{ at: 30, gives }, { at: 5, gives: c1 }];
  return storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true, ...plot });
}

const begun = ["0: attempt 1 of charge", "10: attempt 2 of charge"];

// Rule 3: a late output that is the same as the success, or another effect.
describe("an output that comes after the step has succeeded, under the same key,", () => {
  it("is that success if it is equal, and is left alone", async () => {
    assertEquals(await late({ id: "c1" }), [
      ...begun,
      "15: success {id:c1}",
      "30: late charge@1 same-effect",
    ]);
  });

  it("is compared by its content: dates, maps, sets, bytes, and what refers to itself", async () => {
    const output = (text: string) => {
      const around = new Set<unknown>([text]);
      return {
        at: new Date(text.length),
        by: new Map([[text, new Set([text])]]),
        bytes: new TextEncoder().encode(text),
        list: [text] as unknown[],
        around: around.add(around),
        bare: Object.assign(Object.create(null), { text }),
      };
    };
    const outcome = async (gives: Record<string, unknown>, before = output("one")) => {
      const attempts = [{ at: 30, gives }, { at: 5, gives: before }];
      const lines = await storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true });
      return lines.at(-1)?.split(" ").at(-1);
    };
    assertEquals(await outcome(output("one")), "same-effect");
    for (const key of ["at", "by", "bytes", "list", "around", "bare"] as const) {
      const other = { ...output("one"), [key]: output("other")[key] };
      assertEquals([key, await outcome(other)], [key, "compensated"]);
    }
    class Client {}
    const client = { ...output("one"), list: [new Client()] };
    assertEquals(await outcome(client, client), "same-effect");
    assertEquals(await outcome({ ...client, list: [new Client()] }, client), "compensated");
    assertEquals(await outcome({ ...client, list: [{}] }, client), "compensated");
  });

  it("is another effect if it differs, and is rolled back", async () => {
    assertEquals(await late({ id: "c2" }), [
      ...begun,
      "15: success {id:c1}",
      "30: rollback of {id:c2}, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("is left alone while the run continues, and undone with that success when it fails", async () => {
    assertEquals(await late({ id: "c1" }, { failsAt: 50 }), [
      ...begun,
      "30: late charge@1 same-effect",
      "65: rollback of {id:c1}, charge",
      "65: failure failing, undone: charge",
    ]);
  });

  it("is not rolled back again if the success has been rolled back by then", async () => {
    assertEquals(await late({ id: "c1" }, { failsAt: 5 }), [
      ...begun,
      "20: rollback of {id:c1}, charge",
      "20: failure failing, undone: charge",
      "30: late charge@1 same-effect",
    ]);
  });

  it("is rolled back if it differs from the success that has been rolled back", async () => {
    assertEquals(await late({ id: "c2" }, { failsAt: 5 }), [
      ...begun,
      "20: rollback of {id:c1}, charge",
      "20: failure failing, undone: charge",
      "30: rollback of {id:c2}, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("is undone separately if it is empty", async () => {
    const attempts = [{ at: 30, gives: undefined }, { at: 5, gives: undefined }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true }), [
      ...begun,
      "15: success {}",
      "30: rollback of {}, charge",
      "30: late charge@1 compensated",
    ]);
  });

  it("adds its deferred undos to that success, in its place", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [20] }, { at: 5, gives: c1 }];
    const plot = { attempts, retry: { count: 1 }, timeout: 10, rollback: true, failsAt: 50 };
    assertEquals(await storyOf(plot), [
      ...begun,
      "30: late charge@1 same-effect",
      "65: rollback of {id:c1}, charge",
      "65: deferred 1.1, charge",
      "65: failure failing, undone: charge, charge (deferred)",
    ]);
  });
});

describe("outputs that come after the step has failed", () => {
  it("are rolled back, equal ones once", async () => {
    const attempts = [{ at: 30, gives: c1 }, { at: 25, gives: { id: "c1" } }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
      "35: late charge@2 same-effect",
    ]);
  });

  it("are each rolled back if they differ", async () => {
    const attempts = [{ at: 30, gives: c1 }, { at: 25, gives: { id: "c2" } }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true }), [
      ...begun,
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: late charge@1 compensated",
      "35: rollback of {id:c2}, charge",
      "35: late charge@2 compensated",
    ]);
  });

  it("are each rolled back if their keys differ", async () => {
    const attempts = [{ at: 30, gives: c1, defers: [1] }, { at: 25, gives: { id: "c1" } }];
    assertEquals(await storyOf({ attempts, retry: { count: 1 }, timeout: 10, rollback: true }), [
      "0: attempt 1 of charge",
      "10: attempt 2 of charge~2",
      "20: failure RETRY_EXHAUSTED, undone: nothing",
      "30: rollback of {id:c1}, charge",
      "30: deferred 1.1, charge",
      "30: late charge@1 compensated",
      "35: rollback of {id:c1}, charge~2",
      "35: late charge@2 compensated",
    ]);
  });
});
