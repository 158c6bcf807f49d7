// The checkout of examples/starter, unchanged, on the real workerd, which is killed with SIGKILL:
// RUNSHEET_KILLS of times, or, with `all`, at every request that it makes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import process from "node:process";
import { App, bundle } from "./support/app.ts";
import { World } from "./support/world.ts";

const { RUNSHEET_KILLS = "4", RUNSHEET_SEED = "1" } = process.env;

const kinds = ["good", "flaky", "declined", "unmailed"] as const;
type Kind = typeof kinds[number];
/** The requests of an order that nobody kills: charges, voids and mails. */
const REQUESTS: Record<Kind, number> = { good: 2, flaky: 4, declined: 6, unmailed: 3 };
const ALL = kinds.reduce((sum, kind) => sum + REQUESTS[kind], 0);

/** A request at which workerd is killed; its effect is made or not. */
interface Moment {
  nth: number;
  isMade: boolean;
}

const every = Array.from({ length: 2 * ALL }, (_, n): Moment => ({
  nth: n >> 1,
  isMade: n % 2 === 1,
}));
const moments = RUNSHEET_KILLS === "all"
  ? every
  : sample(every, Number(RUNSHEET_KILLS), Number(RUNSHEET_SEED));

function sample(of: readonly Moment[], count: number, seed: number): readonly Moment[] {
  // The generator "mulberry32".
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
  return Array.from({ length: count }, () => of[Math.floor(random() * of.length)]!);
}

interface Asked {
  key: string;
  amount: number;
  to: string;
}

/** The gateway and the mailer. */
class Services {
  readonly charges = new Map<string, number>();
  readonly voided = new Set<string>();
  readonly mails = new Set<string>();
  readonly #busy = new Set<string>();
  moment: Moment | undefined;
  /** Called when workerd must be killed; it gets no answer. */
  onMoment = () => {};
  #count = 0;

  begin(moment: Moment, onMoment: () => void): void {
    this.moment = moment;
    this.onMoment = onMoment;
    this.#count = 0;
  }

  hear(path: string, body: Asked): unknown {
    const isKilled = this.moment?.nth === this.#count++;
    const answer = isKilled && !this.moment?.isMade ? {} : this.#make(path, body);
    if (!isKilled) return answer;
    this.moment = undefined;
    this.onMoment();
    return new Promise(() => {});
  }

  #make(path: string, { key, amount, to }: Asked): object {
    const kind = kinds.find((kind) => (key ?? to).includes(kind));
    switch (path) {
      case "void":
        this.voided.add(key);
        this.charges.delete(key);
        return {};
      case "mail":
        if (kind === "unmailed") return { refused: "the mailer is down" };
        this.mails.add(to);
        return {};
    }
    if (this.voided.has(key)) return { refused: "the key is void" };
    if (kind === "declined") return { refused: "the card was declined" };
    const order = key.split("/")[0]!;
    if (kind === "flaky" && !this.#busy.has(order)) {
      this.#busy.add(order);
      return { refused: "the gateway is busy" };
    }
    this.charges.set(key, amount);
    return {};
  }
}

describe("the checkout of the examples on Cloudflare Workflows, whose workerd is killed,", () => {
  const services = new Services();
  const world = new World((path, body) => services.hear(path, body));
  let app: App;
  let script: string;
  before(async () => {
    script = await bundle("checkout");
    app = new App(await world.listen());
    await app.start(script);
  });
  after(async () => {
    await app.stop();
    world.stop();
  });

  for (const [round, moment] of moments.entries()) {
    const { nth, isMade } = moment;
    it(`balances: at request ${nth}, ${isMade ? "after" : "before"} its effect`, async () => {
      const killed = new Promise<void>((resolve) => services.begin(moment, resolve));
      const orders = kinds.map((kind) => ({ kind, id: `${kind}-${round}` }));
      // One after the other, so that a moment is the same in each test.
      for (const { id } of orders) {
        const params = { email: `${id}@example.com`, amount: 10 };
        await app.create(id, params);
        const ended = app.ended(id).then(() => true, () => false);
        const isKilled = services.moment ? killed.then(() => false) : ended;
        if (await Promise.race([ended, isKilled])) continue;
        await app.kill();
        await app.start(script);
        await app.create(id, params);
        await app.ended(id);
      }
      assert.equal(services.moment, undefined, "a process must be killed");
      for (const { kind, id } of orders) {
        const { status, output } = await app.status(id);
        const { success } = output as { success: boolean };
        assert.deepEqual([id, status, success], [
          id,
          "complete",
          kind === "good" || kind === "flaky",
        ]);
        const charges = [...services.charges].filter(([key]) => key.startsWith(`${id}/`));
        assert.deepEqual(charges.map(([, amount]) => amount), success ? [10] : [], id);
        assert.equal(services.mails.has(`${id}@example.com`), success, id);
      }
    });
  }
});
