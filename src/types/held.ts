/**
 * Marks the type of a value that a run holds.
 *
 * @internal
 */
export declare const heldMark: unique symbol;

/** A value that a run holds until its end: it is in contexts, but not in data. */
export type Held<V> = V & {
  /** Always absent. @internal */
  readonly [heldMark]?: never;
};

/**
 * The keys whose values a run holds.
 *
 * @internal
 */
export type HeldKeys<C> = unknown extends C[keyof C] ? KeysOfHeld<C>
  : HoldsAny<C[keyof C]> extends never ? never
  : KeysOfHeld<C>;

type HoldsAny<V> = V extends object ? typeof heldMark extends keyof V ? true : never : never;

type KeysOfHeld<C> = { [K in keyof C]-?: IsHeld<C[K]> extends true ? K : never }[keyof C];

type IsHeld<V> = 0 extends 1 & V ? false
  : [V] extends [never] ? false
  : typeof heldMark extends keyof NonNullable<V> ? true
  : false;
