/**
 * The keys that are spelled almost like `K`, apart from case or one letter.
 *
 * @internal
 */
export type Alike<K extends string, Keys extends string> = K extends unknown
  ? Keys extends unknown ? Lowercase<K> extends Lowercase<Keys> ? Keys
    : IsLong<K> extends true
      ? OneLetterOff<Lowercase<K>, Lowercase<Keys>> extends true ? Keys : never
    : never
  : never
  : never;

/** In a short word, changing one letter makes another word. */
type IsLong<K extends string> = K extends `${infer _1}${infer _2}${infer _3}${infer Rest}`
  ? Rest extends "" ? false : true
  : false;

type OneLetterOff<A extends string, B extends string> = A extends `${infer X}${infer RestA}`
  ? B extends `${X}${infer RestB}` ? OneLetterOff<RestA, RestB> : DiffersInOne<A, B>
  : DiffersInOne<A, B>;

/**
 * Compares words with different first letters: one letter is replaced, added, missing, or swapped
 * with the next.
 */
type DiffersInOne<A extends string, B extends string> = A extends `${infer X}${infer RestA}`
  ? B extends `${infer Y}${infer RestB}` ? RestA extends RestB | B ? true
    : A extends RestB ? true
    : RestA extends `${Y}${infer Tail}` ? RestB extends `${X}${Tail}` ? true : false
    : false
  : RestA extends "" ? true
  : false
  : B extends `${infer _}${infer RestB}` ? RestB extends "" ? true : false
  : true;
