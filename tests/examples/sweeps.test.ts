import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  assertCompensated,
  type Books,
  type LedgerEntry,
  stub,
  sweep,
  type SweepOptions,
  type SweepReport,
} from "@runsheet/runsheet/testing";
import { makeCheckout, type OrderRow, type Services } from "../../examples/checkout/checkout.ts";
import type { Database as Shop } from "../../examples/checkout/database.ts";
import { GatewayBooks, type Unpaid } from "../../examples/checkout/gateway_books.ts";
import { GatewayClient, GatewayError } from "../../examples/checkout/gateway_client.ts";
import { Mailer } from "../../examples/checkout/mailer.ts";
import type { Database as ImportDatabase } from "../../examples/importer/database.ts";

const sqlite = await import("node:sqlite").catch(() => undefined);
const skip = sqlite ? false : "this runtime has no node:sqlite";

/** Books that are read off the fakes themselves, which are made anew for every run. */
function booksOf(left: () => readonly LedgerEntry[]): Books {
  return { left, clear: () => {} };
}

function entries(effect: string, amounts: Iterable<readonly [string, number]>): LedgerEntry[] {
  return [...amounts].filter(([, amount]) => amount !== 0)
    .map(([id, amount]) => ({ effect, id, amount }));
}

describe("the sweep of examples/checkout", () => {
  const order: OrderRow = {
    orderId: "o-0001",
    customer: "Ann",
    email: "ann@mail.example",
    address: "1 Road",
    cardToken: "tok_ok",
    sku: "tea",
    quantity: "2",
    unitPrice: "450",
  };
  const stocked = 10;

  /** Asks the books at once: what the gateway does, it has done when it is told that nobody waits for it. */
  class DirectClient extends GatewayClient {
    readonly #books: GatewayBooks;
    constructor(books: GatewayBooks) {
      super("http://nowhere.invalid");
      this.#books = books;
    }
    override async charge(...[request, key, signal]: Parameters<GatewayClient["charge"]>) {
      return await answered(this.#books.charge(key, request), signal) as { chargeId: string };
    }
    override async refund(...[chargeId, , signal]: Parameters<GatewayClient["refund"]>) {
      await answered(this.#books.refund(chargeId), signal);
    }
    override async void(...[key, signal]: Parameters<GatewayClient["void"]>) {
      await answered(this.#books.void(key), signal);
    }
  }

  async function answered(answer: ReturnType<GatewayBooks["void"]>, signal: AbortSignal) {
    await Promise.resolve();
    signal.throwIfAborted();
    if (answer?.status !== 200) throw new GatewayError(answer?.status ?? 504, answer?.body ?? "");
    return JSON.parse(answer.body);
  }

  /** Sweeps it, with something broken in the services. */
  async function sweepCheckout(
    { unpaid, broken, ...options }: SweepOptions & {
      unpaid?: Unpaid;
      broken?: (services: Services) => void;
    } = {},
  ): Promise<SweepReport> {
    const { Database } = await import("../../examples/checkout/database.ts");
    let gateway = new GatewayBooks(unpaid);
    let db: Shop | undefined;
    const left = () => {
      if (!db) return [];
      const held = [...db.stock().values(), ...db.reserved().values(), ...db.shipped().values()];
      const lost = stocked - held.reduce((sum, amount) => sum + amount, 0);
      return [
        ...entries("reservation", db.reserved()),
        ...entries("shipment", db.shipped()),
        ...entries("goods lost", [["tea", lost]]),
        ...entries("payment", db.payments()),
        ...entries("charge", gateway.balance()),
      ];
    };
    const args = () => {
      db?.close();
      gateway = new GatewayBooks(unpaid);
      db = new Database([{ sku: "tea", name: "Tea", stock: String(stocked) }]);
      const services = { db, gateway: new DirectClient(gateway), mailer: new Mailer() };
      broken?.(services);
      return { ...order, ...services };
    };
    try {
      return await sweep(makeCheckout([]), args, {
        ledger: booksOf(left),
        // One that is worth another attempt.
        error: () => new GatewayError(503, "out of order"),
        // Transactions of a database in this process: they fail, or they have happened.
        except: ["reserveStock: after", "fulfil/createShipment: after"],
        ...options,
      });
    } finally {
      db?.close();
    }
  }

  it("finds nothing, in all attempts and undos", { skip }, async () => {
    const report = await sweepCheckout();
    assertCompensated(report);
    const ids = new Set(report.rows.map(({ id }) => id));
    for (
      const id of [
        "checkout",
        "validateOrder@1",
        "chargePayment@4",
        "chargePayment!undo@4",
        "chargePayment@1!defer1",
        "fulfil/sendConfirmation@1",
        "fulfil/createShipment!undo",
      ]
    ) assertEquals([id, ids.has(id)], [id, true]);
  });

  it("finds what the exceptions stand for, if they are not made", { skip }, async () => {
    const report = await sweepCheckout({ except: [] });
    const error = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(error.message, "2 of ");
    assertStringIncludes(error.message, "'reserveStock@1' throws after its effect");
    assertStringIncludes(error.message, "2 of reservation o-0001 is left, by 'reserveStock'");
    assertStringIncludes(error.message, "'fulfil/createShipment@1' throws after its effect");
  });

  const planted: Record<string, [Parameters<typeof sweepCheckout>[0], string, string]> = {
    "a refund that is confirmed, and not made": [
      { unpaid: "refunded" },
      "the run of 'checkout' fails at its end",
      "900 of charge o-0001 is left, by 'chargePayment'",
    ],
    "a void that is confirmed, and not made": [
      { unpaid: "voided" },
      "'chargePayment@1' throws after its effect",
      "900 of charge o-0001 is left, by 'chargePayment'",
    ],
    "a release that does nothing": [
      { broken: ({ db }) => db.release = () => {} },
      "'chargePayment@4' throws before it does anything",
      "2 of reservation o-0001 is left, by 'reserveStock'",
    ],
    "an unship that loses the goods": [
      {
        broken: ({ db }) => {
          const { unship } = db;
          db.unship = (orderId) => {
            unship.call(db, orderId);
            db.release = () => {};
          };
        },
      },
      "'fulfil/sendConfirmation@1' throws before it does anything",
      "2 of reservation o-0001 is left",
    ],
    "a payment that is booked, and never taken out of the books": [
      { broken: ({ db }) => db.removePayment = () => {} },
      "the run of 'checkout' fails at its end",
      "900 of payment o-0001 is left, by 'chargePayment'",
    ],
  };
  for (const [what, [options, where, left]] of Object.entries(planted)) {
    it(`finds ${what}`, { skip }, async () => {
      const report = await sweepCheckout(options);
      const { message } = assertThrows(() => assertCompensated(report), Error);
      assertStringIncludes(message, where);
      assertStringIncludes(message, left);
    });
  }
});

describe("the sweep of examples/onboarding.ts", () => {
  const customer = { ownerEmail: "dan@mail.example", plan: "free" } as const;
  // A set in this process stands for the database: what is put there is there, or it is not.
  const except = "createWorkspace: after";

  it("finds nothing", async () => {
    const report = await quietly(async () => {
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
    const report = await quietly(async () => {
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
    assertStringIncludes(message, "'sendWelcomeEmail@1' throws before it does anything");
    assertStringIncludes(message, "bucket of ws-of-dan is left, by 'provisionResources'");
  });
});

describe("the sweep of examples/importer", () => {
  const csv = `orderId,region,currency,status,items
i-1,west,EUR,paid,tea:2:450;cup:1:900
i-2,west,EUR,cancelled,tea:1:450
i-3,east,EUR,paid,ghost:1:1
i-4,east,EUR,paid,pot:1:3900
`;
  const args = {
    csv,
    regions: ["west", "east"],
    currencies: ["EUR"],
    progress: { start: () => {}, advance: () => {} },
    pace: () => Promise.resolve(),
  };

  async function sweepImport(broken: (db: ImportDatabase) => void = () => {}) {
    const { Database } = await import("../../examples/importer/database.ts");
    const { importOrders } = await import("../../examples/importer/importer.ts");
    let db: ImportDatabase | undefined;
    const left = () => {
      const { lines = 0, totals = 0 } = db?.counts() ?? {};
      return [...entries("lines", [["", lines]]), ...entries("totals", [["", totals]])];
    };
    const makeArgs = () => {
      db?.close();
      db = new Database(":memory:");
      broken(db);
      return { ...args, db } as unknown as Parameters<typeof importOrders.run>[0];
    };
    try {
      return await sweep(importOrders, makeArgs, {
        ledger: booksOf(left),
        // Single inserts: they fail, or they have happened.
        except: ["map(written)/writeLine: after", "distribute(totals)/writeTotal: after"],
      });
    } finally {
      db?.close();
    }
  }

  it("finds nothing, in all items", { skip }, async () => {
    const report = await sweepImport();
    assertCompensated(report);
    const ids = new Set(report.rows.map(({ id }) => id));
    assertEquals(ids.has("flatMap(lines)[2]"), true);
    assertEquals(ids.has("map(written)[2]/writeLine@1"), true);
    assertEquals(ids.has("distribute(totals)[1]/writeTotal!undo"), true);
  });

  it("finds an undo that takes out the wrong line", { skip }, async () => {
    const report = await sweepImport((db) => {
      const { removeLine } = db;
      db.removeLine = (id) => removeLine.call(db, Math.min(id, 2));
    });
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "'distribute(totals)[1]/writeTotal@1' throws before");
    assertStringIncludes(message, "lines is left, by 'map(written)");
  });

  it("finds totals that are not taken out", { skip }, async () => {
    const report = await sweepImport((db) => db.removeTotal = () => {});
    const { message } = assertThrows(() => assertCompensated(report), Error);
    assertStringIncludes(message, "the run of 'import' fails at its end");
    assertStringIncludes(message, "2 of totals is left, by 'distribute(totals)");
  });
});

/** Keeps what an example prints to itself. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
