/** How the other side treats a repeated key, and how its effects can be undone. */
export type GatewayKind =
  | "void" // answers a repeated key with the first result; a key can be forbidden
  | "replay" // answers a repeated key with the first result; a key can be looked up
  | "conflict" // as replay, and refuses a key that is in flight
  | "replay500" // as replay, and repeats its errors
  | "search" // charges for every request, and finds all charges of a key
  | "plain" // charges for every request, and knows no keys
  | "counter"; // takes and gives, without knowing who took

/** The course of one request; times are in milliseconds after it arrives. */
export interface Course {
  /** When the effect happens, if it does. */
  readonly landsAt?: number | undefined;
  /** When the caller is answered, if ever. */
  readonly answersAt?: number | undefined;
  /** Whether the answer reports the effect; otherwise it is an error. */
  readonly isTold: boolean;
}

/** The effect of a request. */
export interface Charge {
  readonly id: string;
  readonly key: string;
  isLive: boolean;
  /** Whether its id never reached the caller. */
  readonly isLost: boolean;
}

/** An answer that proves that nothing has happened or will happen. */
export class Refused extends Error {}

/** The server of another company. */
export class Gateway {
  readonly name: string;
  readonly kind: GatewayKind;
  readonly charges: Charge[] = [];
  readonly #forbidden = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #inFlight = new Map<string, number>();
  #given = 0;

  constructor(name: string, kind: GatewayKind) {
    this.name = name;
    this.kind = kind;
  }

  /** Makes a charge under a key; returns its id. */
  charge(key: string, course: Course): Promise<string> {
    const { landsAt, answersAt, isTold } = course;
    if (this.#isRefused(key)) return after(1).then(() => Promise.reject(new Refused("409")));
    this.#count(key, 1);
    let charge: Charge | undefined;
    if (landsAt !== undefined) after(landsAt).then(() => charge = this.#land(key, course));
    return new Promise((resolve, reject) => {
      if (answersAt === undefined) return;
      after(answersAt).then(() => {
        if (charge && isTold) return resolve(charge.id);
        if (landsAt === undefined) this.#fail(key);
        reject(landsAt === undefined ? new Refused("500") : new Error("502"));
      });
    });
  }

  /** Refunds a charge; a counter returns any one charge. */
  async refund(id: string): Promise<void> {
    await after(1);
    this.#given++;
    for (const charge of this.charges) if (charge.id === id) charge.isLive = false;
  }

  /** Refunds the charge under a key, and forbids the key if possible. */
  async undoByKey(key: string): Promise<void> {
    await after(1);
    if (this.kind === "void") this.#forbidden.add(key);
    for (const charge of this.charges) if (charge.key === key) charge.isLive = false;
  }

  /** The number of charges that were not refunded. */
  get balance(): number {
    return this.charges.length - this.#given;
  }

  #isRefused(key: string): boolean {
    return this.kind === "conflict" && (this.#inFlight.get(key) ?? 0) > 0 ||
      this.kind === "replay500" && this.#failed.has(key);
  }

  #count(key: string, change: number): void {
    this.#inFlight.set(key, (this.#inFlight.get(key) ?? 0) + change);
  }

  #fail(key: string): void {
    this.#count(key, -1);
    if (!this.charges.some((charge) => charge.key === key)) this.#failed.add(key);
  }

  #land(key: string, { answersAt, isTold }: Course): Charge | undefined {
    this.#count(key, -1);
    if (this.#forbidden.has(key)) return undefined;
    const isOnePerKey = !["search", "plain", "counter"].includes(this.kind);
    const first = this.charges.find((charge) => charge.key === key);
    if (isOnePerKey && first) return first;
    const id = `${this.name}:${this.charges.length + 1}`;
    const charge = { id, key, isLive: true, isLost: !isTold || answersAt === undefined };
    this.charges.push(charge);
    return charge;
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
