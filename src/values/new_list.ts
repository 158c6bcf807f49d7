const NONE: readonly never[] = [];

/**
 * Makes an empty array for the objects of one run. Where the arrays of a literal have survived, V8
 * allocates later ones among its old objects, and those keep all that is put into them until the
 * next full collection; a copy is always young.
 */
export function newList<T>(): T[] {
  return NONE.slice();
}
