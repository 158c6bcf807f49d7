const NONE: readonly never[] = [];

/**
 * Makes an empty array for the objects of one run. If the arrays of a literal have survived, V8
 * allocates later ones among its old objects, which keep everything in them until the next full
 * collection. A copy is always young.
 */
export function newList<T>(): T[] {
  return NONE.slice();
}
