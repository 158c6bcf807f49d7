import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Demo } from "../../examples/checkout/demo.ts";
import { exampleData, runExample } from "../support/examples.ts";
import { beginningsOf, hangUpAfter } from "../support/hang_up.ts";
import { skipWithoutSqlite as skip } from "../support/sqlite.ts";

describe("examples/checkout", () => {
  it("completes every order, or fails it for the reason in its row", { skip }, async () => {
    const { results } = await demoRun();
    const outcomes = results.map((result) => result.success ? "done" : kindOf(result.error));
    assertEquals(countOf(outcomes), expectedOutcomes());
  });

  it("takes the money of the completed orders, and no other", { skip }, async () => {
    const { results, claims } = await demoRun();
    const totals = results.map((result) => result.success ? result.data.total : 0);
    assertEquals(sum(totals), expectedTurnover());
    assertEquals(claims.filter(({ differences }) => differences.length > 0), []);
  });

  it("undoes everything done for every order that fails", { skip }, async () => {
    const { results, charges } = await demoRun();
    const { done = 0, REQUIRES_VALIDATION = 0, MailBounced = 0 } = expectedOutcomes();
    const undone = results.flatMap((result) => result.success ? [] : result.rollback.completed);
    const failed = rows.filter((row) => !["done", "OutOfStock"].includes(outcomeOf(row)));
    assertEquals(countOf(undone), {
      "fulfil/createShipment": MailBounced,
      "chargePayment": MailBounced,
      "chargePayment (deferred)": MailBounced,
      // Every attempt that may have charged is voided, except the one that is known to have
      // charged.
      "chargePayment (by key)": sum(failed.map(attemptsOf)) - MailBounced,
      // By the order's id, whatever has become of the attempt.
      "reserveStock": rows.length - done - REQUIRES_VALIDATION,
    });
    assertEquals(charges.refunded, MailBounced);
  });

  it(
    "gives up every attempt whose answer never comes, and voids its charge",
    { skip },
    async () => {
      const { results, charges, late } = await demoRun();
      const charged = rows.filter((_row, n) => {
        const result = results[n];
        return result?.success || kindOf(result?.error) !== "OutOfStock";
      });
      const stalls = sum(charged.map(stallsOf));
      assertEquals(charges.voided, stalls);
      assertEquals(countOf(late.map(({ step, outcome }) => `${step}: ${outcome}`)), {
        "chargePayment: rejected": stalls,
      });
    },
  );

  it("survives clients that hang up on the gateway", { skip }, async () => {
    const [{ startGateway }, { GatewayBooks }, { GatewayClient }] = await Promise.all([
      import("../../examples/checkout/gateway.ts"),
      import("../../examples/checkout/gateway_books.ts"),
      import("../../examples/checkout/gateway_client.ts"),
    ]);
    const books = new GatewayBooks();
    const { url, close } = await startGateway(books);
    try {
      const order = { orderId: "o-0001", cardToken: "tok_ok", amount: 1 };
      for (const sent of beginningsOf("/charges", order)) await hangUpAfter(sent, url);
      const { signal } = new AbortController();
      const client = new GatewayClient(url);
      await client.void("k", signal);
    } finally {
      close();
    }
  });

  it(
    "answers an invalid request to the gateway with 400, and keeps running",
    { skip },
    async () => {
      const [{ startGateway }, { GatewayBooks }] = await Promise.all([
        import("../../examples/checkout/gateway.ts"),
        import("../../examples/checkout/gateway_books.ts"),
      ]);
      const { url, close } = await startGateway(new GatewayBooks());
      const statusOf = async (path: string, body: string, headers: HeadersInit) => {
        const response = await fetch(url + path, { method: "POST", body, headers });
        await response.text();
        return response.status;
      };
      const [keyed, good] = [{ "Idempotency-Key": "k" }, {
        orderId: "o-0001",
        cardToken: "tok_ok",
      }];
      try {
        for (const path of ["/charges", "/refunds"]) {
          for (const body of ["", "{", "null", "[]", "{}", JSON.stringify(good)]) {
            assertEquals([path, body, await statusOf(path, body, keyed)], [path, body, 400]);
          }
        }
        const charge = JSON.stringify({ ...good, amount: 1 });
        assertEquals(await statusOf("/charges", charge, {}), 400);
        assertEquals(await statusOf("/charges", charge, keyed), 200);
      } finally {
        close();
      }
    },
  );

  it("exits with 0 and prints that the balance holds", { skip }, async () => {
    const { code, stdout } = await runExample("checkout", []);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `${rows.length} orders`);
    assertStringIncludes(stdout, "holds  money: kept by the gateway = payments in the database");
    // The gateway stalls once for this order, the mail bounces, and the refund fails at first.
    assertMatch(stdout, /^the worst order, o-0099\n✗ checkout /m);
    const [, page = ""] = /^the same as a page: (.*)$/m.exec(stdout) ?? [];
    for (const text of [stdout, readFileSync(page, "utf8")]) assertTells(text);
  });

  it(
    "exits with 1 when an undo does nothing, and prints what is wrong",
    { skip },
    async () => {
      await Promise.all([
        assertFails("refund", "money: kept by the gateway = payments in the database"),
        assertFails("void", "money: kept by the gateway = payments in the database"),
        assertFails("release", "stock: nothing is left reserved"),
      ]);
    },
  );
});

/** The steps, the retries and their reasons, the late attempts, and the undos in their order. */
function assertTells(picture: string): void {
  let rest = picture.slice(picture.indexOf("reserveStock"));
  for (
    const text of [
      "chargePayment",
      "2 attempts",
      "attempt 1",
      "TimeoutError",
      "attempt 1, given up, failed late",
      "undo chargePayment (by key)",
      "attempt 2",
      "sendConfirmation",
      "MailBounced",
      "undo fulfil/createShipment",
      "undo chargePayment (of attempt 2)",
      "GatewayError: 503",
      "undo chargePayment, retry 1",
      "undo chargePayment (deferred by attempt 2)",
      "undo reserveStock",
    ]
  ) {
    assertStringIncludes(rest, text);
    rest = rest.slice(rest.indexOf(text) + text.length);
  }
}

async function assertFails(broken: string, claim: string): Promise<void> {
  const { code, stdout, stderr } = await runExample("checkout", [`--break=${broken}`]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, `FAILS  ${claim}`);
  assertStringIncludes(stderr, "The balance does not hold");
}

// The expected results are derived here from the text of the file, without the example's code.

const [, ...rows] = exampleData("orders.csv").trim().split("\n");
const stock = new Map(
  exampleData("products.csv").trim().split("\n").slice(1).map((line) => {
    const [sku = "", ...rest] = line.split(",");
    return [sku, Number(rest.at(-1))];
  }),
);

const text = `(?:"(?:[^"]|"")+"|[^",]+)`;
const wellFormed = new RegExp(
  `^o-\\d{4},${text},(?<email>[^",@]+@[^",@]+\\.\\w+),${text},(?<token>tok_\\w+),` +
    `(?<sku>[\\w-]+),(?<quantity>[1-9]\\d{0,2}|1000),(?<price>[1-9]\\d*)$`,
);

interface Order {
  email: string;
  token: string;
  sku: string;
  quantity: number;
  total: number;
}

function orderOf(row: string): Order | undefined {
  const { email = "", token = "", sku = "", quantity, price } = wellFormed.exec(row)?.groups ?? {};
  if (!email) return undefined;
  return { email, token, sku, quantity: Number(quantity), total: Number(quantity) * Number(price) };
}

function outcomeOf(row: string): string {
  const order = orderOf(row);
  if (!order) return "REQUIRES_VALIDATION";
  const { email, token, sku, quantity } = order;
  const inStock = stock.get(sku);
  if (inStock === undefined) return "UnknownProduct";
  if (quantity > inStock) return "OutOfStock";
  if (token.startsWith("tok_declined")) return "CardDeclined";
  if (token === "tok_outage" || token === "tok_stalls") return "RETRY_EXHAUSTED";
  return email.endsWith("@bounce.example") ? "MailBounced" : "done";
}

/**
 * The number of charge requests for an order: the gateway is out of order for every 7th, and stalls
 * for every 11th.
 */
function attemptsOf(row: string): number {
  switch (outcomeOf(row)) {
    case "CardDeclined":
      return 1;
    case "RETRY_EXHAUSTED":
      return 4;
    case "done":
    case "MailBounced":
      return 1 + Number(isFor(row, 7)) + Number(isFor(row, 11));
    default:
      return 0;
  }
}

/** The number of these attempts that are never answered. */
function stallsOf(row: string): number {
  const attempts = attemptsOf(row);
  const token = orderOf(row)?.token;
  if (token === "tok_stalls") return attempts - Number(isFor(row, 7));
  return attempts > 1 && token !== "tok_outage" ? Number(isFor(row, 11)) : 0;
}

function isFor(row: string, n: number): boolean {
  return Number(row.slice("o-".length, "o-0000".length)) % n === 0;
}

/** The orders that succeed unless others got the last lamp; each of them is for one lamp. */
const sound = rows.filter((row) => outcomeOf(row) === "done").flatMap((row) => orderOf(row) ?? []);
const isLamp = ({ sku }: Order) => sku === "lamp-no-1";
const lamps = sound.filter(isLamp).slice(0, stock.get("lamp-no-1"));

function expectedOutcomes(): Record<string, number> {
  const tooLate = sound.filter(isLamp).length - lamps.length;
  const { done = 0, OutOfStock = 0, ...others } = countOf(rows.map(outcomeOf));
  return { ...others, done: done - tooLate, OutOfStock: OutOfStock + tooLate };
}

function expectedTurnover(): number {
  const done = [...sound.filter((order) => !isLamp(order)), ...lamps];
  return sum(done.map(({ total }) => total));
}

function kindOf(error: Error | undefined): string {
  if (!error) return "none";
  return "code" in error ? String(error.code) : error.name;
}

function countOf(items: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

let demo: Promise<Demo> | undefined;

/** The one run that the tests inspect. The demo is imported only if node:sqlite is available. */
function demoRun(): Promise<Demo> {
  demo ??= import("../../examples/checkout/demo.ts").then(({ runDemo }) =>
    runDemo(exampleData("orders.csv"), exampleData("products.csv"))
  );
  return demo;
}
