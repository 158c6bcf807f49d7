// deno-lint-ignore-file ban-types -- {} is what the compiler shows where there are no keys
/**
 * Flattens an intersection or a chain of mapped types into one object type.
 *
 * @internal
 */
export type Flat<T> = { [K in keyof T]: T[K] } & {};

/**
 * Whether a type is a union.
 *
 * @internal
 */
export type IsUnion<T> = [HoldsMore<T, T>] extends [false]
  ? [KeysOfAny<T>] extends [keyof T] ? false : true
  : true;

// `{} | { a: 1 }` has one member that is narrower than the union, and `{} | { a?: 1 }` none.
type HoldsMore<T, U> = T extends unknown ? [U] extends [T] ? false : true : never;

type KeysOfAny<T> = T extends unknown ? keyof T : never;

type OptionalKeys<T> = {
  [K in keyof T]-?: {} extends Pick<T, K> ? K : never;
}[keyof T];

/**
 * The keys that are always present.
 *
 * @internal
 */
export type SureKeys<T> = Exclude<keyof T, OptionalKeys<T>>;

type IsSureInAll<T, K> = (T extends unknown ? K extends SureKeys<T> ? never : 1 : never) extends
  never ? true
  : false;

type SureInAll<T> = keyof T extends infer K
  ? K extends keyof T ? IsSureInAll<T, K> extends true ? K : never : never
  : never;

type ValueIn<T, K> = T extends unknown ? K extends keyof T ? Required<T>[K] : never
  : never;

/**
 * A union of objects as one object: keys required in all members stay required, others become
 * optional.
 *
 * @internal
 */
export type Collapse<T> = Flat<
  & { [K in SureInAll<T>]: ValueIn<T, K> }
  & { [K in Exclude<KeysOfAny<T>, SureInAll<T>>]?: ValueIn<T, K> }
>;

/**
 * An object type without its index signatures, whose keys are unknown.
 *
 * @internal
 */
export type Declared<T> = string extends keyof T ? {
    [
      K in keyof T as string extends K ? never : number extends K ? never : symbol extends K ? never
      : K
    ]: T[K];
  }
  : T;

/**
 * The keys that an output adds to the context: none for `void` and `any`, one object for a union.
 *
 * @internal
 */
export type Added<T> = unknown extends T ? 0 extends 1 & T ? {} : T
  : [T] extends [void | null | undefined] ? {}
  : IsUnion<T> extends true ? Collapse<T extends object ? T : {}>
  : T;

/**
 * `A` without the keys `K`.
 *
 * @internal
 */
export type Without<A, K> = { [P in keyof A as P extends K ? never : P]: A[P] };

/**
 * The keys `K` of `A`, with values resolved at once. Mapped types of mapped types are resolved only
 * on demand, and the compiler gives up at about 45 of them.
 *
 * @internal
 */
export type Picked<A, K> = [K] extends [never] ? {}
  : PickedKeys<A, K> extends infer P ? Flat<P>
  : never;

type PickedKeys<A, K> =
  (K extends keyof A
    ? A[K] extends infer V ? (x: {} extends Pick<A, K> ? Maybe<K, V> : Sure<K, V>) => void : never
    : never) extends (x: infer I) => void ? I : never;

/**
 * The keys of `B` after overwriting `A`: an optional key of `B` may have the type of either.
 *
 * @internal
 */
export type Over<A, B> = keyof A & OptionalKeys<B> extends never ? B
  : Without<B, keyof A & OptionalKeys<B>> & Kept<A, B>;

// Values are passed as arguments, not as A[K] inside a mapped type, which would keep A and
// everything before it in the result.
type Kept<A, B, K = keyof A & OptionalKeys<B>> = (K extends keyof A & keyof B ? (
    x: {} extends Pick<A, K> ? Maybe<K, A[K] | Required<B>[K]> : Sure<K, A[K] | Required<B>[K]>,
  ) => void
  : never) extends (x: infer I) => void ? I : never;

type Sure<K extends PropertyKey, V> = { [P in K]: V };

type Maybe<K extends PropertyKey, V> = { [P in K]?: V };
