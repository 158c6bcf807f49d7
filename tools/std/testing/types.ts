// The types of the standard library's module that our tests use.

/** Asserts that the type argument is of the expected boolean literal type. */
// deno-lint-ignore no-unused-vars
export function assertType<T extends boolean>(expectTrue: T): void {}

/** Whether two types are the same, `readonly` aside. */
export type IsExact<T, U> = TupleMatches<AnyToBrand<T>, AnyToBrand<U>> extends true
  ? TupleMatches<DeepPrepareIsExact<T>, DeepPrepareIsExact<U>> extends true ? true : false
  : false;

/** Whether a type is `any`. */
export type IsAny<T> = 0 extends (1 & T) ? true : false;

/** Whether a type is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

type DeepPrepareIsExact<T, Visited = never> = {
  [P in keyof T]-?: IsAny<T[P]> extends true ? AnyBrand : DeepPrepareProp<T[P], T, Visited>;
};

type DeepPrepareProp<Prop, Parent, Visited> = Prop extends Visited ? Prop
  : DeepPrepareIsExact<Prop, Visited | Parent>;

type TupleMatches<T, U> = Matches<[T], [U]>;

type Matches<T, U> = T extends U ? U extends T ? true : false : false;

type AnyToBrand<T> = IsAny<T> extends true ? AnyBrand : T;

interface AnyBrand {
  __any: undefined;
}
