// Runs the Worker in workerd, through miniflare, and talks to it over HTTP:
// `node --test worker.test.ts` (Node 24).
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, createServer, request, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare, type Request, Response } from "miniflare";

/** The bodies that the Worker posts; each path has some of the keys. */
interface Call {
  key: string;
  sku: string;
  quantity: number;
  card: string;
  to: string;
  reason: string;
}

/** A call whose effect is held back. */
interface Hold {
  reached: PromiseWithResolvers<void>;
  released: PromiseWithResolvers<void>;
}

/** Stands in for the services behind the bindings. */
class Services {
  readonly stock = new Map([["tea", 10]]);
  readonly reservations = new Map<string, { sku: string; quantity: number }>();
  readonly charges = new Map<string, "kept" | `voided: ${string}`>();
  readonly mails: string[] = [];
  readonly #released = new Set<string>();
  readonly #holds = new Map<string, Hold>();
  readonly #waiting: { path: string; resolve: () => void }[] = [];

  /** Holds back the effect of the next call of a path until it is released. */
  hold(path: string): Hold {
    const hold = { reached: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
    this.#holds.set(path, hold);
    return hold;
  }

  /** Resolves when the next call of a path has been answered. */
  answered(path: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ path, resolve }));
  }

  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "GET") {
      return Response.json({ left: this.stock.get(pathname.slice("/stock/".length)) });
    }
    const body = await request.json() as Call;
    const hold = this.#holds.get(pathname);
    this.#holds.delete(pathname);
    hold?.reached.resolve();
    await hold?.released.promise;
    const [status, answer] = this.#post(pathname, body);
    for (const { path, resolve } of this.#waiting) if (path === pathname) resolve();
    return Response.json(answer, { status });
  }

  #post(path: string, body: Call): [status: number, answer: unknown] {
    if (path === "/reservations") {
      const left = (this.stock.get(body.sku) ?? 0) - body.quantity;
      if (left < 0 || this.#released.has(body.key)) return [409, {}];
      this.stock.set(body.sku, left);
      this.reservations.set(body.key, body);
      return [201, { id: body.key }];
    }
    if (path === "/releases") {
      this.#released.add(body.key);
      const reservation = this.reservations.get(body.key);
      if (!reservation) return [200, {}];
      const { sku, quantity } = reservation;
      this.reservations.delete(body.key);
      this.stock.set(sku, this.stock.get(sku)! + quantity);
      return [200, {}];
    }
    if (path === "/charges") {
      if (body.card === "declined") return [402, {}];
      if (this.charges.has(body.key)) return [409, {}];
      this.charges.set(body.key, "kept");
      return [201, { id: body.key }];
    }
    if (path === "/voids") {
      this.charges.set(body.key, `voided: ${body.reason}`);
      return [200, {}];
    }
    this.mails.push(body.to);
    return [200, {}];
  }
}

interface LogLine {
  event: string;
  runId: string;
  step?: string;
  status?: number;
  error?: string;
}

/** A span, as the Worker sends it. */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  status?: { code?: number };
  attributes: { key: string; value: { stringValue?: string } }[];
}

interface Export {
  resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
}

/** Values that arrive one by one. */
class Arrivals<T> {
  readonly #all: T[] = [];
  readonly #waiting: (() => void)[] = [];

  add(...things: T[]): void {
    this.#all.push(...things);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** A selection of them, once there are enough. */
  async wait(select: (all: T[]) => T[], isEnough: (selected: T[]) => boolean): Promise<T[]> {
    for (;;) {
      const selected = select(this.#all);
      if (isEnough(selected)) return selected;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** A collector of OpenTelemetry: takes spans over HTTP, as JSON. */
class Collector {
  readonly #spans = new Arrivals<Span>();
  readonly #server: Server = createServer(async (request, response) => {
    const { resourceSpans } = await json(request) as Export;
    const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
    this.#spans.add(...scopes.flatMap(({ spans }) => spans));
    response.end("{}");
  });

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  close(): void {
    this.#server.close();
  }

  /** The tree of the spans of a run, once one of a name has arrived. */
  async treeOf(runId: string, last: string): Promise<string[]> {
    const spans = await this.#spans.wait(
      (all) => {
        const own = all.find((span) => attributeOf(span, "runsheet.run.id") === runId);
        return all.filter(({ traceId }) => traceId === own?.traceId);
      },
      (trace) => trace.some(({ name }) => name === last),
    );
    return treeOf(spans);
  }
}

function attributeOf({ attributes }: Span, wanted: string): string | undefined {
  return attributes.find(({ key }) => key === wanted)?.value.stringValue;
}

/** Spans as an indented tree, with their failures. */
function treeOf(spans: Span[], parent = "", indent = ""): string[] {
  return spans.filter(({ parentSpanId = "" }) => parentSpanId === parent)
    .flatMap((span) => {
      const type = attributeOf(span, "error.type");
      const failed = span.status?.code === 2 ? [" !", ...type ? [` ${type}`] : []].join("") : "";
      return [`${indent}${span.name}${failed}`, ...treeOf(spans, span.spanId, `${indent}  `)];
    });
}

const order = { sku: "tea", quantity: 2, amount: 700, card: "visa", email: "ada@mail.example" };
describe("examples/worker", () => {
  let services = new Services();
  const workers: Miniflare[] = [];
  const collector = new Collector();
  /** The log of the Workers. */
  const lines = new Arrivals<LogLine>();
  let url: URL;
  /** A Worker with no time for payments, for held calls only. */
  let hastyUrl: URL;

  before(async () => {
    const handle = (request: Request) => services.handle(request);
    const otlpUrl = await collector.listen();
    const handleRuntimeStdio = (stdout: Readable, stderr: Readable) => {
      createInterface(stdout).on("line", (line) => lines.add(JSON.parse(line)));
      stderr.pipe(process.stderr);
    };
    const start = async (limits: object) => {
      const worker = new Miniflare({
        modules: true,
        script: await bundle(limits),
        compatibilityDate: "2026-04-01",
        compatibilityFlags: ["enable_request_signal", "nodejs_als"],
        bindings: { OTLP_URL: otlpUrl },
        handleRuntimeStdio,
        serviceBindings: { STOCK: handle, PAYMENTS: handle, MAIL: handle },
      });
      workers.push(worker);
      return await worker.ready;
    };
    const longEnough = { stock: 1_200_000, payment: 1_200_000, mail: 1_200_000, undo: 1_200_000 };
    url = await start(longEnough);
    hastyUrl = await start({ ...longEnough, payment: 50 });
  });
  after(async () => {
    for (const worker of workers) await worker.dispose();
    collector.close();
  });
  beforeEach(() => {
    services = new Services();
  });

  const post = (body: string, to = url) => {
    return fetch(new URL("/checkout", to), { method: "POST", body });
  };
  const checkout = (changes = {}) => post(JSON.stringify({ ...order, ...changes }));
  const client = () => {
    const sent = request(new URL("/checkout", url), { method: "POST" }).on("error", () => {});
    return sent.end(JSON.stringify(order));
  };
  /** The log of a run, once it has an event. */
  const logOf = async (runId: string, last: string) => {
    const log = await lines.wait(
      (all) => all.filter((line) => line.runId === runId),
      (own) => own.some(({ event }) => event === last),
    );
    return log.map(({ event, step, status, error }) =>
      `${event} ${step ?? status}${error === undefined ? "" : `: ${error}`}`
    );
  };
  const stockLeft = async () => {
    const response = await fetch(new URL("/stock/tea", url));
    return (await response.json() as { left: number }).left;
  };

  it("reserves the goods, charges the card, and sends the receipt", async () => {
    const response = await checkout();
    const { chargeId } = await response.json() as { chargeId: string };
    assert.equal(response.status, 201);
    assert.deepEqual([...services.charges], [[chargeId, "kept"]]);
    assert.deepEqual(services.mails, [order.email]);
    assert.equal(await stockLeft(), 8);
  });

  it("refuses bad input with 400, before anything is done", async () => {
    for (const body of ["", "[]", "{}", JSON.stringify({ ...order, quantity: 0.5 })]) {
      const response = await post(body);
      assert.equal(response.status, 400);
      assert.match((await response.json() as { error: string }).error, /order/);
    }
    assert.equal(await stockLeft(), 10);
  });

  it("gives the goods back when the card is declined, with 402", async () => {
    assert.equal((await checkout({ card: "declined" })).status, 402);
    assert.equal(await stockLeft(), 10);
    assert.deepEqual([...services.charges.values()], ["voided: Refusal"]);
  });

  it("sends the spans of an order, and logs its steps under the id of its run", async () => {
    const runId = (await checkout({ card: "declined" })).headers.get("x-run-id")!;
    assert.deepEqual(await logOf(runId, "request"), [
      "step reserveStock",
      "step chargePayment: Refusal",
      "undo chargePayment",
      "undo reserveStock",
      "request 402: Refusal",
    ]);
    assert.deepEqual(await collector.treeOf(runId, "run checkout"), [
      "run checkout ! Refusal",
      "  reserveStock",
      "    POST /reservations",
      "  chargePayment ! Refusal",
      "    POST /charges !",
      "  rollback checkout",
      "    undo chargePayment",
      "      POST /voids",
      "    undo reserveStock",
      "      POST /releases",
    ]);
  });

  it("answers with 409 when the stock is too small", async () => {
    assert.equal((await checkout({ quantity: 11 })).status, 409);
    assert.equal(await stockLeft(), 10);
  });

  it("voids a payment that arrives after its timeout, when it has answered with 504", async () => {
    const charge = services.hold("/charges");
    const [voided, refused] = [services.answered("/voids"), services.answered("/charges")];
    const response = await post(JSON.stringify(order), hastyUrl);
    assert.equal(response.status, 504);
    assert.equal(await stockLeft(), 10);
    await voided;
    charge.released.resolve();
    await refused;
    assert.deepEqual([...services.charges.values()], ["voided: TimeoutError"]);
    assert.deepEqual(services.mails, []);
    const runId = response.headers.get("x-run-id")!;
    const tree = await collector.treeOf(runId, "late chargePayment");
    assert.deepEqual(tree.map((line) => line.replace(/ !.*/, "")), [
      "run checkout",
      "  reserveStock",
      "    POST /reservations",
      "  chargePayment",
      "    POST /charges",
      "    late chargePayment", // sent after the response
      "      undo chargePayment",
      "        POST /voids",
      "  rollback checkout",
      "    undo reserveStock",
      "      POST /releases",
    ]);
  });

  it("undoes everything when the client hangs up before the receipt is sent", async () => {
    const mail = services.hold("/mails");
    const impatient = client();
    await mail.reached.promise;
    assert.equal(await stockLeft(), 8);
    const released = services.answered("/releases");
    hangUp(impatient);
    await released;
    assert.equal(await stockLeft(), 10);
    assert.deepEqual([...services.charges.values()], ["voided: AbortedError"]);
  });

  it("voids a payment that arrives when the client has hung up", async () => {
    const charge = services.hold("/charges");
    const impatient = client();
    await charge.reached.promise;
    const [released, voided] = [services.answered("/releases"), services.answered("/voids")];
    hangUp(impatient);
    await Promise.all([released, voided]);
    assert.equal(await stockLeft(), 10);
    const refused = services.answered("/charges");
    charge.released.resolve();
    await refused;
    assert.deepEqual([...services.charges.values()], ["voided: AbortedError"]);
  });
});

/** Bundles the Worker, with other limits. */
async function bundle(limits: object): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker"],
    external: ["node:async_hooks"],
    write: false,
    plugins: [{
      name: "limits",
      setup: ({ onLoad }) => {
        const contents = `export const limits = ${JSON.stringify(limits)};`;
        onLoad({ filter: /\/limits\.ts$/ }, () => ({ contents }));
      },
    }],
  });
  return outputFiles[0]!.text;
}

/** Connected directly to the client, workerd notices a reset connection, but not a closed one. */
function hangUp(impatient: ClientRequest): void {
  impatient.socket?.resetAndDestroy();
}
