// The work of all contenders: an order is priced, charged and confirmed. They share these
// functions.
import { type Type, type } from "arktype";
import { z } from "zod";

export interface Order {
  readonly orderId: string;
  readonly amount: number;
}
export interface Priced {
  readonly total: number;
}
export interface Charged {
  readonly chargeId: string;
}
export interface Confirmed {
  readonly confirmation: string;
}
export type Bought = Order & Priced & Charged & Confirmed;

/** The three steps as plain functions; some check a signal. */
export interface Work<Sync extends boolean> {
  readonly price: Step<Order, Given<Sync, Priced>>;
  readonly charge: Step<Pick<Order, "orderId"> & Priced, Given<Sync, Charged>>;
  readonly confirm: Step<Pick<Order, "orderId"> & Charged, Given<Sync, Confirmed>>;
}
export type Step<Needs, Gives> = (ctx: Needs, info: Cancellable) => Gives;
export interface Cancellable {
  readonly signal: AbortSignal;
}
type Given<Sync extends boolean, T> = Sync extends true ? T : Promise<T>;

// Integers only: with fractions among them, V8 would change the shape of the objects again and
// again, and distort the measurement.
export const sync: Work<true> = {
  price: ({ amount }) => ({ total: amount * 2 }),
  charge: ({ orderId, total }) => ({ chargeId: `charge of ${total} for ${orderId}` }),
  confirm: ({ chargeId }) => ({ confirmation: `confirmed ${chargeId}` }),
};

export const asynchronous: Work<false> = {
  price: (ctx, info) => Promise.resolve(sync.price(ctx, info)),
  charge: (ctx, info) => Promise.resolve(sync.charge(ctx, info)),
  confirm: (ctx, info) => Promise.resolve(sync.confirm(ctx, info)),
};

/** Each step checks whether it has been cancelled. */
export const attentive: Work<false> = {
  price: (ctx, { signal }) =>
    signal.aborted ? aborted(signal) : asynchronous.price(ctx, { signal }),
  charge: (ctx, { signal }) =>
    signal.aborted ? aborted(signal) : asynchronous.charge(ctx, { signal }),
  confirm: (ctx, { signal }) =>
    signal.aborted ? aborted(signal) : asynchronous.confirm(ctx, { signal }),
};

function aborted({ reason }: AbortSignal): Promise<never> {
  return Promise.reject(reason);
}

/** The last step fails. */
export const failing: Work<false> = {
  ...asynchronous,
  confirm: ({ chargeId }) => Promise.reject(new Error(`no mail for ${chargeId}`)),
};

/** The undone effects; recorded, so that undoing has a real effect, and kept short. */
export const undone: { times: number; last: unknown } = { times: 0, last: undefined };

export function undo(output: unknown): void {
  undone.times++;
  undone.last = output;
}

/** The schemas of the checkout. */
export interface Schemas {
  readonly order: Type<Order>;
  readonly price: { readonly requires: Type<Order>; readonly provides: Type<Priced> };
  readonly charge: {
    readonly requires: Type<Pick<Order, "orderId"> & Priced>;
    readonly provides: Type<Charged>;
  };
  readonly confirm: {
    readonly requires: Type<Pick<Order, "orderId"> & Charged>;
    readonly provides: Type<Confirmed>;
  };
}

export const ark: Schemas = {
  order: type({ orderId: "string", amount: "number > 0" }),
  price: {
    requires: type({ orderId: "string", amount: "number > 0" }),
    provides: type({ total: "number > 0" }),
  },
  charge: {
    requires: type({ orderId: "string", total: "number > 0" }),
    provides: type({ chargeId: "string" }),
  },
  confirm: {
    requires: type({ orderId: "string", chargeId: "string" }),
    provides: type({ confirmation: "string" }),
  },
};

const zodSchemas = {
  order: z.object({ orderId: z.string(), amount: z.number().positive() }),
  price: {
    requires: z.object({ orderId: z.string(), amount: z.number().positive() }),
    provides: z.object({ total: z.number().positive() }),
  },
  charge: {
    requires: z.object({ orderId: z.string(), total: z.number().positive() }),
    provides: z.object({ chargeId: z.string() }),
  },
  confirm: {
    requires: z.object({ orderId: z.string(), chargeId: z.string() }),
    provides: z.object({ confirmation: z.string() }),
  },
};

/** The same in zod, as a generic Standard Schema. */
export const zod: Schemas = zodSchemas as unknown as Schemas;

/** Returns successive orders, the same for every contender. */
export function orders(): () => Order {
  const all = Array.from({ length: 64 }, (_, n) => ({ orderId: `order ${n}`, amount: n + 1 }));
  let next = 0;
  return () => all[next++ % all.length]!;
}
