type Kind = "object" | "array" | "Map" | "Set" | "Date" | "ArrayBuffer" | "typed array";

/** What calling these on a value of another kind throws on; they look at the value itself, whatever its realm. */
const checks = {
  Map: (value: object) => Map.prototype.has.call(value as Map<unknown, unknown>, 0),
  Set: (value: object) => Set.prototype.has.call(value as Set<unknown>, 0),
  Date: (value: object) => Date.prototype.getTime.call(value as Date),
  ArrayBuffer: (value: object) => ArrayBuffer.prototype.slice.call(value as ArrayBuffer, 0, 0),
};

/**
 * Of which kind of plain data an object is, of whatever realm (`node:vm`, an iframe); `undefined` when it is an
 * instance of any other class, one that extends a built-in class among them.
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

/** Whether this is the `Object.prototype` of a realm. */
export function isRoot(kind: object | null): boolean {
  return kind === Object.prototype ||
    kind !== null && Object.getPrototypeOf(kind) === null && Object.hasOwn(kind, "isPrototypeOf");
}
