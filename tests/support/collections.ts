import {
  type AnyStep,
  type Collection,
  type CollectionInfo,
  distribute,
  type Failure,
  filter,
  flatMap,
  type GroupOptions,
  isRunsheetError,
  type ItemInfo,
  map,
  pipeline,
  type Step,
  step,
} from "@runsheet/runsheet";
import { failureOf } from "./results.ts";

type Each = (item: unknown, info: Pick<ItemInfo, "signal" | "defer">) => unknown;
type Items = (
  ctx: Record<never, never>,
  info: CollectionInfo,
) => Collection<unknown> | Promise<Collection<unknown>>;
type Make = (
  items: Items,
  each: Each,
  options?: GroupOptions,
) => Step<string, Record<never, never>, { out: unknown[] }>;

/** Every combinator that calls a function for each item; what the function gives does not matter to them. */
export const functionForms: Record<"map" | "filter" | "flatMap", Make> = {
  map: (items, each, options) =>
    map("out", items, async (item, _ctx, info) => {
      await each(item, info);
      return item;
    }, options),
  filter: (items, each, options) =>
    filter("out", items, async (item, _ctx, info) => {
      await each(item, info);
      return true;
    }, options),
  flatMap: (items, each, options) =>
    flatMap("out", items, async (item, _ctx, info) => {
      await each(item, info);
      return [item];
    }, options),
};

/** Those, and the ones that run a step for each item: each finds its item under the key `item`. */
export const combinators: Record<keyof typeof functionForms | "map of a step", Make> = {
  ...functionForms,
  "map of a step": (items, each, options) =>
    map("out", items, itemStep(each), { ...options, as: "item" }),
};

/** A step that finds its item under the key `item`. */
export function itemStep(each: Each): Step<"each", { item: unknown }, { item: unknown }> {
  return step({
    name: "each",
    run: async (ctx: { item: unknown }, info) => {
      await each(ctx.item, info);
      return { item: ctx.item };
    },
  });
}

/** A `distribute` over what stands under the key `items` in the args. */
export function distributed(
  each: Each,
  options?: GroupOptions,
): Step<string, { items: readonly unknown[] }, { out: unknown[] }> {
  return distribute("out", { items: "item" }, itemStep(each), options);
}

/** Numbers from 0 that count how often they were asked for and whether they were closed. */
export class Numbers {
  /** How many were asked for. */
  pulls = 0;
  /** Whether the loop over them is over. */
  closed = false;
  readonly #limit: number;
  readonly #end: (() => unknown) | undefined;

  /** After the last one comes what `end` does. */
  constructor(limit: number, end?: () => unknown) {
    this.#limit = limit;
    this.#end = end;
  }

  /** One after the other. */
  *sync(): Generator<number> {
    try {
      while (this.pulls < this.#limit) yield this.pulls++;
      this.#end?.();
    } finally {
      this.closed = true;
    }
  }

  /** The same, asynchronously. */
  async *async(): AsyncGenerator<number> {
    try {
      while (this.pulls < this.#limit) yield this.pulls++;
      await this.#end?.();
    } finally {
      this.closed = true;
    }
  }
}

/** Both kinds of a collection that is not all there at once. */
export const sources: Record<string, (numbers: Numbers) => Collection<unknown>> = {
  "an iterable": (numbers) => numbers.sync(),
  "an async iterable": (numbers) => numbers.async(),
};

/** What the user's code threw: a predicate's error comes as the cause of another. */
export function thrownIn(error: Error): unknown {
  return isRunsheetError(error, "PREDICATE") ? error.cause : error;
}

/** Runs steps that must fail, behind one that is undone. */
export async function failing(...steps: AnyStep[]): Promise<Failure> {
  const first = step({ name: "first", run: () => {}, rollback: () => {} });
  return failureOf(await pipeline({ name: "p", steps: [first, ...steps] }).run());
}

/** Counts what is in flight. */
export class Flights {
  /** How many started. */
  started = 0;
  /** How many are in flight. */
  now = 0;
  /** How many were in flight at most. */
  most = 0;

  /** One flight, as long as the promise takes. */
  async fly(promise: Promise<unknown> = Promise.resolve()): Promise<void> {
    this.started++;
    this.now++;
    this.most = Math.max(this.most, this.now);
    try {
      await promise;
    } finally {
      this.now--;
    }
  }
}

/** Takes so many turns of the microtask queue: long enough for another item to be asked for. */
export async function ticks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await undefined;
}
