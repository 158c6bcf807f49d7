// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
import type { IsUnion } from "./objects.ts";

/**
 * One member of a union, of the compiler's choice.
 *
 * @internal
 */
export type Last<U> = (U extends unknown ? (x: () => U) => void : never) extends
  (x: infer I) => void ? I extends () => infer L ? L : never
  : never;

type ShowUnion<U, Depth extends 0[], L = Last<U>> = [Exclude<U, L>] extends [never] ? Show<L, Depth>
  : `${ShowUnion<Exclude<U, L>, Depth>} | ${Show<L, Depth>}`;

type ShowScalar<T> = T extends string ? string extends T ? "string" : `'${T}'`
  : T extends number ? number extends T ? "number" : `${T}`
  : T extends bigint ? bigint extends T ? "bigint" : `${T}n`
  : T extends null ? "null"
  : T extends undefined ? "undefined"
  : T extends symbol ? "symbol"
  : "…";

type Known = Date | RegExp | URL;

type ShowKnown<T> = T extends Date ? "Date" : T extends RegExp ? "RegExp" : "URL";

/**
 * A type as text for the compiler's messages: unions, arrays, objects two levels deep.
 *
 * @internal
 */
export type Show<T, Depth extends 0[] = []> = 0 extends 1 & T ? "any"
  : [T] extends [never] ? "never"
  : unknown extends T ? "unknown"
  // Not `${T}`: TypeScript 7.0.2 crashes on `${true}` where a type parameter is resolved.
  : [T] extends [boolean] ? boolean extends T ? "boolean" : T extends true ? "true" : "false"
  : IsUnion<T> extends true
    ? boolean extends T ? `${ShowUnion<Exclude<T, boolean>, Depth>} | boolean`
    : ShowUnion<T, Depth>
  : T extends object ? ShowObject<T, Depth>
  : ShowScalar<T>;

type ShowObject<T extends object, Depth extends 0[]> = T extends Known ? ShowKnown<T>
  : T extends readonly (infer E)[]
    ? number extends T["length"]
      ? `${T extends unknown[] ? "" : "readonly "}${ShowItem<E, Depth>}[]`
    : "[…]"
  : T extends ReadonlyMap<infer K, infer V> ? `Map<${Show<K, [0, 0]>}, ${Show<V, [0, 0]>}>`
  : T extends ReadonlySet<infer V> ? `Set<${Show<V, [0, 0]>}>`
  : T extends (...args: never) => unknown ? "function"
  : Depth["length"] extends 2 ? "{ … }"
  : ShowKeys<T, keyof T & string, [...Depth, 0]>;

type ShowItem<E, Depth extends 0[]> = IsUnion<E> extends true ? [E] extends [boolean] ? Show<E>
  : `(${Show<E, Depth>})`
  : Show<E, Depth>;

/**
 * Some keys of an object, with their types, as text.
 *
 * @internal
 */
export type ShowKeys<T, K extends string, Depth extends 0[] = []> = [K] extends [never] ? "{}"
  : `{ ${ShowPairs<T, K, Depth>} }`;

type ShowPairs<T, K extends string, Depth extends 0[], L = Last<K>> = L extends K
  ? [Exclude<K, L>] extends [never] ? ShowPair<T, L, Depth>
  : `${ShowPairs<T, Exclude<K, L>, Depth>}; ${ShowPair<T, L, Depth>}`
  : never;

type ShowPair<T, K, Depth extends 0[]> = K extends keyof T & string
  ? {} extends Pick<T, K> ? `${K}?: ${Show<Exclude<T[K], undefined>, Depth>}`
  : `${K}: ${Show<T[K], Depth>}`
  : never;
