// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { AddingMiddleware } from "../api/middleware.ts";
import type { AddedKeys, Folded, Rules } from "./fold.ts";
import type { AddedIssue } from "./messages.ts";
import type { Merge } from "./combinators.ts";
import type { Without } from "./objects.ts";

/**
 * The keys that middleware adds to the context of each step; an inner one overrides an outer one.
 *
 * @internal
 */
export type AddedBy<M, A = {}> = M extends readonly [infer H, ...infer T]
  ? AddedBy<T, H extends AddingMiddleware<infer B> ? unknown extends B ? A : Merge<A, B> : A>
  : A;

/**
 * The middleware, or sentences in place of those that add a key of the context.
 *
 * @internal
 */
export type MiddlewareFits<M, C> = [keyof AddedBy<M> & keyof C] extends [never] ? M : {
  [I in keyof M]: [keyof AddedBy<[M[I]]> & keyof C] extends [never] ? M[I]
    : AddedIssue<keyof AddedBy<[M[I]]> & keyof C & string>;
};

/**
 * The context without the keys that middleware adds to it.
 *
 * @internal
 */
export type Own<C, G extends Rules> = [AddedKeys<G>] extends [never] ? C : Without<C, AddedKeys<G>>;

/**
 * A fold whose context lacks the keys that middleware adds.
 *
 * @internal
 */
export type WithoutAdded<F, Keys> = F extends Folded ? {
    mistakes: F["mistakes"];
    taken: F["taken"];
    ctx: Without<F["ctx"], Keys>;
    provided: F["provided"];
  }
  : never;
