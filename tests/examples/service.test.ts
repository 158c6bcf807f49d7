import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import postgres from "postgres";
import { mainOf } from "../support/examples.ts";
import { beginningsOf, hangUpAfter } from "../support/hang_up.ts";
import { startPaymentProvider } from "../support/payment_provider.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { scriptPath } from "../support/spawn.ts";

const cards = ["tok_ok", "tok_declined", "tok_flaky", "tok_slow", "tok_late"] as const;
const stalling: readonly string[] = ["tok_slow", "tok_late"];
const products = [
  { sku: "lamp", price: 4900, stock: 40 }, // scarce
  { sku: "mug", price: 700, stock: 1000 },
];

describe("examples/service", () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  it("answers with the status of what went wrong", async () => {
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

  it("lets a large order wait for its approval", async () => {
    await requestsOfShop(async ({ post, postHastily: postElsewhere, get, db }) => {
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
      // The other process hears it.
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
        status: 499,
        body: { error: "ABORTED" },
      });
      const { body } = await get("/orders");
      const runs = Object.values(body as Record<string, { runId: string; state: string }>);
      assertEquals(
        new Map(runs.map(({ runId, state }) => [runId, state])),
        new Map([[approved, "succeeded"], [rejected, "failed"]]),
      );
      const [{ stock } = {}] = await db`select stock from products where sku = 'sofa'`;
      assertEquals(stock, 7);
    }, [longEnough, longEnough]);
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

      assertEquals(
        [...await db`select id from orders where status not in ('confirmed', 'cancelled')`],
        [],
      );
      // Goods: initial stock = remaining stock + sold goods.
      const stock = await db`
        select sku, stock + coalesce(sum(quantity) filter (where status = 'confirmed'), 0)::int as stock
          from products left join orders using (sku) group by products.sku order by products.sku`;
      assertEquals(stock.map(({ sku, stock }) => [sku, stock]), [["lamp", 40], ["mug", 1000]]);
      // Money: the provider holds the prices of the orders, charge by charge.
      assertEquals([
        ...await db`
          select key, charge_key, amount, total
            from (select * from provider_charges where kept) as charges
            full join (select * from orders where status = 'confirmed') as sold
              on key = charge_key and amount = total
           where key is null or charge_key is null`,
      ], []);
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

  /**
   * Runs the example in two processes, beside a database and a payment provider, and returns their
   * request logs; everything is stopped by then.
   */
  async function requestsOfShop(
    use: (shop: Shop) => Promise<void>,
    timeouts = [longEnough, "50"],
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
      });
    const services: Service[] = [];
    try {
      for (const timeout of timeouts) services.push(await start(timeout));
      const [patient, hasty] = services.map(({ url }) => url) as [string, string];
      await use({
        url: patient,
        post: postTo(patient),
        postHastily: postTo(hasty),
        get: (path) => fromUrl(patient + path),
        db,
        stalled: provider.stalled,
        settled: async () => {
          for (const { url } of services) {
            while ((await fromUrl(`${url}/health`)).body.underWay !== 0) await setTimeout(20);
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
    return logs.filter(({ event }) => event === "run" || event === "request");
  }
});

/** A signal that aborts when a promise resolves. */
function abortedAfter(happened: Promise<void>): AbortSignal {
  const aborter = new AbortController();
  happened.then(() => aborter.abort());
  return aborter.signal;
}

interface Answer {
  /** 0 when the client has left. */
  status: number;
  body: Record<string, unknown>;
}

type Post = (path: string, body?: object, signal?: AbortSignal) => Promise<Answer>;

interface LogLine {
  event: string;
  port?: number;
  status?: number;
  notUndone?: string[];
}

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

async function fromUrl(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}

/** Posts, and returns the events of the answer. */
async function eventsOf(url: string, body: object): Promise<string[]> {
  const headers = { accept: "text/event-stream" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.text()).split("\n\n").filter((event) => event !== "");
}

interface Service {
  url: string;
  /** Stops it, and returns its log. */
  end: () => Promise<LogLine[]>;
}

/** Starts examples/service. */
async function startService(env: Record<string, string>): Promise<Service> {
  const run = process.versions.deno === undefined ? [] : ["run", "-A"];
  const args = [...run, scriptPath("leash"), ...run, mainOf("service")];
  const child = spawn(process.execPath, args, { env: { ...process.env, PORT: "0", ...env } });
  const lines: LogLine[] = [];
  const output = createInterface(child.stdout);
  const closed = Promise.all([
    new Promise<number | null>((resolve) => child.on("close", resolve)),
    new Promise((resolve) => output.on("close", resolve)),
  ]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ready = new Promise<number>((resolve) =>
    output.on("line", (line) => {
      lines.push(JSON.parse(line));
      const { event, port } = lines.at(-1)!;
      if (event === "ready" && port !== undefined) resolve(port);
    })
  );
  const port = await Promise.race([ready, closed.then(() => undefined)]);
  assert(port, `the service must start: ${stderr}`);
  return {
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      child.stdin.end();
      const [code] = await closed;
      if (process.platform !== "win32") { // where SIGTERM ends a process at once
        assertEquals({ code, stderr, last: lines.at(-1)?.event }, {
          code: 0,
          stderr: "",
          last: "stopped",
        });
      }
      return lines;
    },
  };
}
