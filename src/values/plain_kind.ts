type Kind = "object" | "array" | "Map" | "Set" | "Date" | "ArrayBuffer" | "typed array";

/**
 * These calls throw on any other kind of value. They test internal slots, so they work across
 * realms.
 */
const checks = {
  Map: (value: object) => Map.prototype.has.call(value as Map<unknown, unknown>, 0),
  Set: (value: object) => Set.prototype.has.call(value as Set<unknown>, 0),
  Date: (value: object) => Date.prototype.getTime.call(value as Date),
  ArrayBuffer: (value: object) => ArrayBuffer.prototype.slice.call(value as ArrayBuffer, 0, 0),
};

/**
 * The kind of plain data that an object is, in any realm (`node:vm`, an iframe); `undefined` for an
 * instance of any other class, including subclasses of built-in ones.
 */
export function plainKind(value: object): Kind | undefined {
  const kind = Object.getPrototypeOf(value);
  if (kind === null || isRoot(kind)) return "object";
  const parent = Object.getPrototypeOf(kind);
  if (ArrayBuffer.isView(value) && parent !== null && isRoot(Object.getPrototypeOf(parent))) {
    return "typed array";
  }
  if (!isRoot(parent)) return undefined;
  if (Array.isArray(value)) return "array";
  try {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    if (!Object.hasOwn(checks, tag)) return undefined;
    checks[tag as keyof typeof checks](value);
    return tag as Kind;
  } catch {
    return undefined;
  }
}

/** Whether a prototype is the `Object.prototype` of some realm. */
export function isRoot(kind: object | null): boolean {
  return kind === Object.prototype ||
    kind !== null && Object.getPrototypeOf(kind) === null && Object.hasOwn(kind, "isPrototypeOf");
}
