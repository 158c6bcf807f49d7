import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { printedBy } from "../support/console.ts";

describe("examples/quick_start.ts", () => {
  it("charges, and refunds when the confirmation cannot be sent", async () => {
    const { lines } = await printedBy(() => import("../../examples/quick_start.ts"));
    assertEquals(lines, [
      "done: charge of 55",
      "refunded: charge of 55",
      "failed: no such mailbox: bob@mail.invalid | undone: chargePayment",
    ]);
  });
});
