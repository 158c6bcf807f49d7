import process from "node:process";
import { makeCheckout, type OrderRow } from "../../examples/checkout/checkout.ts";
import { type OrderEnd, servicesAt } from "./checkout_services.ts";
import { CheckoutWorld, type Kill } from "./checkout_world.ts";

const { RUNSHEET_KILLS, RUNSHEET_SEED = "1" } = process.env;
const isAll = RUNSHEET_KILLS === "all";
const whens = ["before", "after", "answered"] as const;

/** An engine that checks out orders of examples/checkout in processes of their own. */
export interface CheckoutEngine {
  /** Checks out an order; if its process is killed, in another one. */
  checkOut(runId: string, order: OrderRow): Promise<OrderEnd>;
  /** Kills the process with SIGKILL, and lets another one continue. */
  kill(): void;
  stop(): Promise<void> | void;
}

type Open = (worldUrl: string) => Promise<CheckoutEngine> | CheckoutEngine;

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

/** An order, and the moment at which its process is killed. */
interface Round {
  readonly ends: string;
  readonly order: OrderRow;
  readonly kill?: Kill;
}

/** The gateway is out of order once for charges of the 7th order, and for refunds of the 3rd. */
const kinds: readonly Round[] = [
  { ends: "done", order },
  { ends: "done", order: { ...order, orderId: "o-0007" } },
  { ends: "CardDeclined", order: { ...order, cardToken: "tok_declined_lost_card" } },
  { ends: "MailBounced", order: { ...order, orderId: "o-0003", email: "ann@bounce.example" } },
  { ends: "OutOfStock", order: { ...order, quantity: "11" } },
];

/**
 * Checks out an order that ends well, one that does not, and others whose process is killed at a `few`
 * requests that RUNSHEET_SEED chooses: before its effect, after it, or as soon as it is answered. With
 * RUNSHEET_KILLS=all it kills at each request of every kind of order.
 *
 * @returns The mistakes.
 */
export async function killCheckouts(open: Open, few: number): Promise<readonly string[]> {
  const lanes = await Promise.all([Lane.open(open), Lane.open(open)]);
  try {
    const whole = isAll ? kinds : [kinds[0]!, kinds[3]!];
    const killed: Round[] = [];
    for (const round of kinds) {
      const requests = await lanes[0]!.requestsOf(round.order);
      for (let nth = 0; nth < requests; nth++) {
        for (const when of whens) killed.push({ ...round, kill: { nth, when } });
      }
    }
    const rounds = [...whole, ...sampleOf(killed, few)].values();
    const wrong: string[] = [];
    const next = async (lane: Lane) => {
      // Both take from the same iterator.
      for (const round of rounds) wrong.push(...await lane.run(round));
    };
    await Promise.all(lanes.map(next));
    return wrong;
  } finally {
    for (const lane of lanes) await lane.stop();
  }
}

/** Evenly spread, from a place that the seed chooses. */
function sampleOf<T>(all: readonly T[], few: number): T[] {
  if (isAll) return [...all];
  const count = Number(RUNSHEET_KILLS ?? few);
  const start = Number(RUNSHEET_SEED) * 0.618 % 1;
  return Array.from(
    { length: count },
    (_, n) => all[Math.floor((n + start) * all.length / count)]!,
  );
}

/** One world and one engine, for one round at a time. */
class Lane {
  readonly #world: CheckoutWorld;
  readonly #engine: CheckoutEngine;

  private constructor(world: CheckoutWorld, engine: CheckoutEngine) {
    this.#world = world;
    this.#engine = engine;
  }

  static async open(open: Open): Promise<Lane> {
    const world = await CheckoutWorld.start();
    return new Lane(world, await open(world.url));
  }

  /** The number of requests of an order, in this process. */
  async requestsOf(order: OrderRow): Promise<number> {
    this.#world.begin();
    await makeCheckout([]).run(order, { deps: servicesAt(this.#world.url) });
    return this.#world.requests;
  }

  /** Runs one round; resolves with its mistakes. */
  async run({ ends, order, kill }: Round): Promise<string[]> {
    this.#world.begin(kill, () => this.#engine.kill());
    const end = await this.#engine.checkOut(crypto.randomUUID(), order);
    const ended = end.success ? "done" : end.error?.name;
    const what = [
      ...ended === ends ? [] : [`ended as ${ended}: ${JSON.stringify(end)}`],
      ...kill && this.#world.requests <= kill.nth ? ["was not killed"] : [],
      ...this.#world.differences(order, end),
    ];
    const where = kill ? `killed ${kill.when} request ${kill.nth}` : "not killed";
    return what.map((text) => `${order.orderId}, ${ends}, ${where}: ${text}`);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    this.#world.stop();
  }
}
