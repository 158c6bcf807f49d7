// The only file that imports the example, which prints only on its first import: Bun shares modules
// between files.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  assertCompensated,
  type Ledger,
  ledger,
  stub,
  sweep,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import type { onboard } from "../../examples/onboarding.ts";
import { entries } from "../support/books.ts";
import { printedBy } from "../support/console.ts";

describe("examples/onboarding.ts", () => {
  it("tears down the resources of the customer who cannot be reached", async () => {
    const { lines } = await printedBy(() => import("../../examples/onboarding.ts"));
    const bob = lines.slice(lines.indexOf("bob@bounce.example, free"));
    assertEquals(bob.slice(1, 8), [
      "  created ws-of-bob",
      "  provisioned bucket/ws-of-bob",
      "  provisioned database/ws-of-bob",
      "  tore down database/ws-of-bob",
      "  tore down bucket/ws-of-bob",
      "  deleted ws-of-bob",
      "  failed in sendWelcomeEmail: bob@bounce.example cannot be reached",
    ]);
    assertEquals(lines.at(-2), "workspaces: ws-of-alice, ws-of-carol");
    assert(!lines.at(-1)?.includes("bob"));
  });
});

describe("the sweep of examples/onboarding.ts", () => {
  const customer = { ownerEmail: "dan@mail.example", plan: "free" } as const;

  /** Sweeps the pipeline, or a variant of it, over a slow connection. */
  async function sweepOnboarding(
    change: (pipeline: typeof onboard, books: Ledger) => typeof onboard,
  ): Promise<SweepReport> {
    const { onboard, network, resources, workspaces } = await import(
      "../../examples/onboarding.ts"
    );
    const books = ledger(() => [
      ...entries("workspace", [...workspaces.keys()].map((id) => [id, 1])),
      ...entries("resource", [...resources].map((id) => [id, 1])),
    ]);
    const setup = () => {
      workspaces.clear();
      resources.clear();
    };
    const { send } = network;
    network.send = (act) => books.call(act);
    try {
      return await sweep(change(onboard, books), customer, { ledger: books, setup });
    } finally {
      network.send = send;
    }
  }

  it("finds nothing", async () => {
    const { value: report } = await printedBy(() => sweepOnboarding((onboard) => onboard));
    assertCompensated(report);
    const ids = new Set(report.rows.map(({ id }) => id));
    assert(ids.has("provisionResources@1!effect2"));
    assertEquals(report.rows.filter(({ outcome }) => outcome === "reported").length, 3);
  });

  it("finds a stub that leaves a resource behind", async () => {
    const { value: report } = await printedBy(() =>
      sweepOnboarding((onboard, books) =>
        stub(onboard, {
          provisionResources: async ({ workspaceId }) => {
            await books.add("bucket of", workspaceId);
            return { bucket: "b", database: "d" };
          },
        })
      )
    );
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "'provisionResources' has no undo");
    assertStringIncludes(message, "sendWelcomeEmail@1 (before, after");
    assertStringIncludes(message, "bucket of ws-of-dan is left, by 'provisionResources'");
  });
});
