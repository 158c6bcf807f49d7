import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { assert, assertEquals, assertMatch } from "@std/assert";
import postgres from "postgres";
import { Collector } from "../support/collector.ts";
import { beginningsOf, hangUpAfter } from "../support/hang_up.ts";
import { startPaymentProvider } from "../support/payment_provider.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { assertBalanced } from "../support/shop_balance.ts";
import {
  type Answer,
  fromUrl,
  type LogLine,
  type Service,
  startService,
} from "../support/shop_service.ts";

const cards = ["tok_ok", "tok_declined", "tok_flaky", "tok_slow", "tok_late"] as const;
const stalling: readonly string[] = ["tok_slow", "tok_late"];
const products = [
  { sku: "lamp", price: 4900, stock: 40 }, // scarce
  { sku: "mug", price: 700, stock: 1000 },
];

describe("examples/service", () => {
  let server: Postgres;
  let collector: Collector;
  before(async () => {
    server = await startPostgres();
    collector = await Collector.start();
  });
  after(() => Promise.all([server.stop(), collector.close()]));

  it("answers each failure with its status", async () => {
    const requests = await requestsOfShop(async ({ post, postHastily, db, url }) => {
      const rows = [{ sku: "pot", price: 1, stock: -1 }, { sku: "tea", price: 5, stock: 3 }, 7];
      assertEquals(await post("/products/import", { products: rows }), {
        status: 200,
        body: {
          imported: ["tea"],
          rejected: [
            { row: 0, code: "REQUIRES_VALIDATION" },
            { row: 2, code: "REQUIRES_VALIDATION" },
          ],
        },
      });

      assertEquals(await eventsOf(`${url}/products/import`, { products: [rows[0], rows[2]] }), [
        'event: progress\ndata: {"done":1,"failed":1,"total":2}',
        'event: progress\ndata: {"done":2,"failed":2,"total":2}',
        "event: done\ndata: " + JSON.stringify({
          imported: [],
          rejected: [
            { row: 0, code: "REQUIRES_VALIDATION" },
            { row: 1, code: "REQUIRES_VALIDATION" },
          ],
        }),
      ]);

      const tea = { sku: "tea", quantity: 1, card: "tok_ok" };
      const failures: [object | undefined, number, string][] = [
        [undefined, 400, "ARGS_VALIDATION"],
        [{ ...tea, quantity: 0.5 }, 400, "ARGS_VALIDATION"],
        [{ ...tea, sku: "gold" }, 404, "NO_SUCH_PRODUCT"],
        [{ ...tea, quantity: 4 }, 409, "OUT_OF_STOCK"],
        [{ ...tea, card: "tok_declined" }, 402, "CARD_DECLINED"],
      ];
      for (const [order, status, error] of failures) {
        assertEquals(await post("/orders", order), { status, body: { error } });
      }
      assertEquals(await postHastily("/orders", { ...tea, card: "tok_slow" }), {
        status: 504,
        body: { error: "TIMEOUT" },
      });

      const { status, body } = await post("/orders", { ...tea, quantity: 3 });
      assertEquals([status, body.total], [200, 15]);
      const cancel = `/orders/${body.orderId}/cancel`;
      assertEquals((await post(cancel)).status, 200);
      assertEquals(await post(cancel), { status: 409, body: { error: "NOT_CONFIRMED" } });
      const [{ stock } = {}] = await db`select stock from products where sku = 'tea'`;
      assertEquals(stock, 3);

      await db`drop table orders cascade`;
      assertEquals(await post("/orders", tea), { status: 500, body: { error: "UNKNOWN" } });
    });
    assertEquals(requests.map(({ status }) => status), [
      ...[200, 200, 400, 400, 404, 409, 402],
      ...[200, 200, 409, 500],
      504, // of the other service
    ]);
  });

  it("sends the spans of an order, and logs its steps under the id of its run", async () => {
    const orderId = crypto.randomUUID();
    const logs = await logsOfShop(async ({ post }) => {
      await post("/products/import", { products: [{ sku: "tea", price: 5, stock: 3 }] });
      await post("/orders", { orderId, sku: "tea", quantity: 1, card: "tok_declined" });
    }, { timeouts: [longEnough], env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    const lines = logs.filter(({ runId }) => runId === orderId);
    assertEquals(lines.map(({ event, step = "", error = "ok" }) => [event, step, error]), [
      ["step", "reserveStock", "ok"],
      ["step", "when(approve)", "ok"],
      ["step", "chargeCard", "CARD_DECLINED"],
      ["undo", "chargeCard", "ok"],
      ["undo", "reserveStock", "ok"],
      ["run", "", "CARD_DECLINED"],
    ]);
    assertEquals(collector.treeOf(orderId), [
      "run placeOrder ! CARD_DECLINED",
      "  chargeCard ! CARD_DECLINED",
      "    attempt chargeCard ! CARD_DECLINED",
      "      PUT /charges !",
      "  reserveStock",
      "  rollback placeOrder",
      "    undo chargeCard -> chargeCard",
      "      DELETE /charges",
      "    undo reserveStock -> reserveStock",
      "  when(approve)",
    ]);
    assert(!JSON.stringify(collector.spans).includes("tok_"), "no span must have the cards");
  });

  it("lets a large order wait for its approval", async () => {
    await requestsOfShop(async ({ post, postHastily: postElsewhere, get, db, url }) => {
      await post("/products/import", { products: [{ sku: "sofa", price: 60_000, stock: 9 }] });
      const reaches = async (orderId: string, expected: string) => {
        const { body: { state } } = await get(`/orders/${orderId}`);
        if (state === "running" || state === "waiting" && state !== expected) {
          await setTimeout(20);
          return await reaches(orderId, expected);
        }
        assertEquals(state, expected);
      };
      const decide = async (orderId: string, approved: boolean) =>
        (await postElsewhere(`/orders/${orderId}/decision`, { approved, by: "ann" })).status;
      const sofas = { sku: "sofa", quantity: 2, card: "tok_ok" };
      const large = { ...sofas, orderId: crypto.randomUUID() };
      const [approved, rejected] = [crypto.randomUUID(), crypto.randomUUID()];

      // The same again changes nothing.
      for (const orderId of [approved, rejected, approved]) {
        assertEquals(await post("/orders", { ...large, orderId }), {
          status: 202,
          body: { orderId },
        });
        await reaches(orderId, "waiting");
      }
      assertEquals(await decide(crypto.randomUUID(), true), 404);
      // The other process receives it.
      assertEquals(await decide(approved, true), 200);
      await reaches(approved, "succeeded");
      assertEquals(await post("/orders", { ...large, orderId: approved }), {
        status: 200,
        body: { orderId: approved, total: 120_000 },
      });
      assertEquals(await decide(approved, false), 409);
      assertEquals(await decide(rejected, false), 200);
      await reaches(rejected, "failed");
      assertEquals(await post("/orders", { ...large, orderId: rejected }), {
        status: 409,
        body: { error: "REJECTED" },
      });
      // The processes stop although this order waits.
      const undecided = crypto.randomUUID();
      assertEquals((await post("/orders", { ...large, orderId: undecided })).status, 202);
      await reaches(undecided, "waiting");
      const { body } = await get("/orders");
      const runs = Object.values(body as Record<string, { runId: string; state: string }>);
      assertEquals(
        new Map(runs.map(({ runId, state }) => [runId, state])),
        new Map([[approved, "succeeded"], [rejected, "failed"], [undecided, "waiting"]]),
      );
      const accept = { headers: { accept: "text/html,*/*" } };
      const page = await (await fetch(`${url}/orders?open`, accept)).text();
      const headings = page.match(/<h2>.*<\/h2>/g);
      assertEquals(headings?.map((line) => line.replace(/20\d\d-[^<]*Z/, "then")), [
        `<h2>${undecided}: waits until then</h2>`,
      ]);
      assertMatch(page, /<p>reserveStock@1, .*approve\/askForApproval@1<\/p>/);
      const [{ stock } = {}] = await db`select stock from products where sku = 'sofa'`;
      assertEquals(stock, 5);
    }, { timeouts: [longEnough, longEnough] });
  });

  it("loses no goods and no money under load", async () => {
    const requests = await requestsOfShop(async (shop) => {
      const { post, postHastily, db, settled, stalled } = shop;
      await post("/products/import", { products });
      const answers = await Promise.all(
        Array.from({ length: 240 }, async (_, n) => {
          const kind = n < 120 ? "tok_ok" : cards[n % cards.length]!;
          const stalls = stalling.includes(kind);
          const card = stalls ? `${kind}_${n}` : kind;
          const order = { sku: n % 2 === 0 ? "lamp" : "mug", quantity: 1 + n % 3, card };
          // Every sixth client leaves: when its charge is stalled, or at some other time.
          if (n % 6 === 5) {
            const signal = stalls ? abortedAfter(stalled(card)) : AbortSignal.timeout(1 + 5 * n);
            return (await post("/orders", order, signal)).status;
          }
          const { status, body } = await (stalls ? postHastily : post)("/orders", order);
          if (status === 200 && n % 8 === 0) await post(`/orders/${body.orderId}/cancel`);
          return status;
        }),
      );
      const count = (status: number) => answers.filter((answer) => answer === status).length;
      for (const status of [0, 200, 402, 409, 504]) {
        assert(count(status) > 0, `there must be an answer with ${status}: ${answers}`);
      }
      await settled();

      await assertBalanced(db, { lamp: 40, mug: 1000 });
      // Every order was answered, or its client has left.
      const [{ placed } = {}] = await db`select count(*)::int as placed from orders`;
      const left = count(0);
      const done = count(200);
      assert(done <= placed && placed <= done + left, `${done} answers, ${placed} orders`);
    });
    assertEquals(requests.flatMap(({ notUndone = [] }) => notUndone), []);
    assert(requests.some(({ status }) => status === 499), "a run must have been aborted");
  });

  it("survives clients that hang up", async () => {
    await requestsOfShop(async ({ post, url }) => {
      const order = { sku: "tea", quantity: 1, card: "tok_ok" };
      for (const sent of beginningsOf("/orders", order)) await hangUpAfter(sent, url);
      assertEquals((await post("/orders", order)).status, 404);
    });
  });

  it("stops although clients hold connections, on which they have asked something or nothing", async () => {
    await requestsOfShop(async ({ url }) => {
      const port = Number(new URL(url).port);
      const [used, unused] = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
      for (const one of [used, unused]) one.on("error", () => {});
      await once(unused, "connect");
      used.write("GET /health HTTP/1.1\r\nhost: shop\r\n\r\n");
      await once(used, "data");
    }, { timeouts: [longEnough] });
  });

  /** Runs the shop, and returns the logs of its requests and runs. */
  async function requestsOfShop(...given: Parameters<typeof logsOfShop>): Promise<LogLine[]> {
    const logs = await logsOfShop(...given);
    return logs.filter(({ event }) => event === "run" || event === "request");
  }

  /**
   * Runs the example in a process for each timeout of payments, beside a database and a payment
   * provider, and returns their logs; everything has stopped by then.
   */
  async function logsOfShop(
    use: (shop: Shop) => Promise<void>,
    { timeouts = [longEnough, "50"], env = {} }: {
      timeouts?: string[];
      env?: Record<string, string>;
    } = {},
  ): Promise<LogLine[]> {
    const databaseUrl = await server.newDatabase();
    const provider = await startPaymentProvider(databaseUrl);
    const db = postgres(databaseUrl, { max: 1, onnotice: () => {} });
    const start = (paymentTimeout: string) =>
      startService({
        DATABASE_URL: databaseUrl,
        PAYMENTS_URL: provider.url,
        PAYMENT_TIMEOUT: paymentTimeout,
        REQUEST_TIMEOUT: longEnough,
        ...env,
      });
    const services: Service[] = [];
    try {
      for (const timeout of timeouts) services.push(await start(timeout));
      const [patient = "", hasty = patient] = services.map(({ url }) => url);
      await use({
        url: patient,
        post: postTo(patient),
        postHastily: postTo(hasty),
        get: (path) => fromUrl(patient + path),
        db,
        stalled: provider.stalled,
        settled: async () => {
          for (const { url } of services) {
            const isIdle = async () => (await fromUrl(`${url}/health`)).body.underWay === 0;
            // Twice: a request whose client has left may have been in the socket at the first answer.
            while (!(await isIdle() && await isIdle())) await setTimeout(20);
          }
          await provider.settled();
        },
      });
    } finally {
      await Promise.allSettled(services.map(({ end }) => end()));
      await db.end();
      await provider.stop();
    }
    const logs = (await Promise.all(services.map(({ end }) => end()))).flat();
    assert(!JSON.stringify(logs).includes("tok_"), "the log must not have the cards");
    return logs;
  }
});

/** A signal that aborts when a promise resolves. */
function abortedAfter(happened: Promise<void>): AbortSignal {
  const aborter = new AbortController();
  happened.then(() => aborter.abort());
  return aborter.signal;
}

type Post = (path: string, body?: object, signal?: AbortSignal) => Promise<Answer>;

interface Shop {
  url: string;
  /** Posts to a service that waits for the payment provider without a limit. */
  post: Post;
  /** Posts to a service that gives the provider no time, for stalled charges only. */
  postHastily: Post;
  get: (path: string) => Promise<Answer>;
  db: postgres.Sql;
  /** Resolves when a charge of a card is stalled. */
  stalled: (card: string) => Promise<void>;
  /** Waits until everything that was started is done or undone. */
  settled: () => Promise<void>;
}

const longEnough = String(20 * 60_000);

function postTo(url: string): Post {
  return async (path, body, signal) => {
    const init = { method: "POST", ...body && { body: JSON.stringify(body) } };
    try {
      return await fromUrl(url + path, { ...init, ...signal && { signal } });
    } catch (error) {
      if (signal?.aborted) return { status: 0, body: {} };
      throw error;
    }
  };
}

/** Posts, and returns the events of the answer. */
async function eventsOf(url: string, body: object): Promise<string[]> {
  const headers = { accept: "text/event-stream" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.text()).split("\n\n").filter((event) => event !== "");
}
