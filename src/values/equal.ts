/**
 * Whether two values are plain data with equal content: objects, arrays, Maps, Sets, Dates, bytes
 * and nested ones. Instances of other classes are equal only to themselves.
 */
export function isEqual(a: unknown, b: unknown, around: readonly unknown[] = []): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  // A cyclic reference is equal if everything else is.
  if (around.includes(a)) return true;
  const kind = Object.getPrototypeOf(a);
  if (kind !== Object.getPrototypeOf(b)) return false;
  const inside = [...around, a];
  const same = (one: unknown, other: unknown) => isEqual(one, other, inside);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof Map && b instanceof Map) return same([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return same([...a], [...b]);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return same(bytesOf(a), bytesOf(b));
  if (kind !== Object.prototype && kind !== Array.prototype && kind !== null) return false;
  const keys = Reflect.ownKeys(a);
  return keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): number[] {
  return [...new Uint8Array(buffer, byteOffset, byteLength)];
}
