// The one file that imports the example, which prints only when it is imported for the first time:
// Bun gives one module to all files.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertCompensated, stub, sweep } from "@runsheet/runsheet/testing";
import { entries } from "../support/books.ts";
import { printedBy } from "../support/console.ts";

describe("examples/onboarding.ts", () => {
  it("tears down what was made for the customer who cannot be reached", async () => {
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
  // A set in this process stands for the database: what is put there is there, or it is not.
  const except = "createWorkspace: after";

  it("finds nothing", async () => {
    const { value: report } = await printedBy(async () => {
      const { onboard, resources, workspaces } = await import("../../examples/onboarding.ts");
      const books = {
        left: () => [
          ...entries("workspace", [...workspaces.keys()].map((id) => [id, 1])),
          ...entries("resource", [...resources].map((id) => [id, 1])),
        ],
        clear() {
          workspaces.clear();
          resources.clear();
        },
      };
      return await sweep(onboard, customer, { ledger: books, except });
    });
    assertCompensated(report);
    assertEquals(report.rows.filter(({ outcome }) => outcome === "reported").length, 3);
  });

  it("finds a stub that leaves a resource behind", async () => {
    const { value: report } = await printedBy(async () => {
      const { onboard, workspaces } = await import("../../examples/onboarding.ts");
      const left = new Set<string>();
      const leaky = stub(onboard, {
        provisionResources: ({ workspaceId }) => {
          left.add(workspaceId);
          return { bucket: "b", database: "d" };
        },
      });
      const books = {
        left: () => entries("bucket of", [...left].map((id) => [id, 1])),
        clear() {
          workspaces.clear();
          left.clear();
        },
      };
      return await sweep(leaky, customer, { ledger: books, except });
    });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "sendWelcomeEmail@1 (before, after");
    assertStringIncludes(message, "bucket of ws-of-dan is left, by 'provisionResources'");
  });
});
