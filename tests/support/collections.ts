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

/**
 * Every combinator that calls a function for each item, with functions whose results do not matter.
 */
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

/** Those, and the ones that run a step for each item, which finds its item under the key `item`. */
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

/** A `distribute` over the args' key `items`. */
export function distributed(
  each: Each,
  options?: GroupOptions,
): Step<string, { items: readonly unknown[] }, { out: unknown[] }> {
  return distribute("out", { items: "item" }, itemStep(each), options);
}

/** Numbers from 0 that count how many were requested and whether the iterator was closed. */
export class Numbers {
  /** The number of requested items. */
  pulls = 0;
  /** Whether the loop over them is over. */
  closed = false;
  readonly #limit: number;
  readonly #end: (() => unknown) | undefined;

  /** `end` is called after the last one. */
  constructor(limit: number, end?: () => unknown) {
    this.#limit = limit;
    this.#end = end;
  }

  /** Yields them one after the other. */
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

/** Both kinds of a lazy collection. */
export const sources: Record<string, (numbers: Numbers) => Collection<unknown>> = {
  "an iterable": (numbers) => numbers.sync(),
  "an async iterable": (numbers) => numbers.async(),
};

/** The error thrown by user code: for a predicate, the cause of another error. */
export function thrownIn(error: Error): unknown {
  return isRunsheetError(error, "PREDICATE") ? error.cause : error;
}

/** Runs steps that must fail after a step that is undone. */
export async function failing(...steps: AnyStep[]): Promise<Failure> {
  const first = step({ name: "first", run: () => {}, rollback: () => {} });
  return failureOf(await pipeline({ name: "p", steps: [first, ...steps] }).run());
}

/** Counts what is in flight. */
export class Flights {
  /** The number that started. */
  started = 0;
  /** The number in flight. */
  now = 0;
  /** The most that were in flight at a time. */
  most = 0;

  /** Counts one in flight until the promise settles. */
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

/** Takes some turns of the microtask queue, long enough for another item to be requested. */
export async function ticks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await undefined;
}
