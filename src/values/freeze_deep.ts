import { cast } from "./cast.ts";

// What has been made immutable need not be copied again when it is merged into the next context.
const immutable = new WeakSet<object>();

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);

const dateSetters = Object.getOwnPropertyNames(Date.prototype).filter((name) =>
  name.startsWith("set")
);

/**
 * An immutable copy of plain data: objects, arrays, Maps, Sets and Dates, all the way down, cycles included. Typed arrays
 * and ArrayBuffers are copied, but JavaScript cannot freeze them. Instances of other classes (clients, connections) are
 * not copied.
 */
export function freezeDeep<T>(value: T): T {
  return cast(copy(value, new Map()));
}

function copy(value: unknown, seen: Map<object, object>): unknown {
  if (typeof value !== "object" || value === null || immutable.has(value)) {
    return value;
  }
  const before = seen.get(value);
  if (before) return before;
  const kind = Object.getPrototypeOf(value);
  if (kind === Object.prototype || kind === null) {
    const made: Record<PropertyKey, unknown> = Object.create(kind);
    remember(value, made, seen);
    for (const key of Reflect.ownKeys(value)) {
      const item = copy(Reflect.get(value, key), seen);
      // Defined, not assigned: assigning '__proto__' would change the prototype.
      Object.defineProperty(made, key, {
        value: item,
        enumerable: Object.prototype.propertyIsEnumerable.call(value, key),
      });
    }
    return Object.freeze(made);
  }
  if (kind === Array.prototype) {
    const made: unknown[] = [];
    remember(value, made, seen);
    for (const item of value as unknown[]) made.push(copy(item, seen));
    return Object.freeze(made);
  }
  if (kind === Map.prototype) {
    const made = new Map<unknown, unknown>();
    remember(value, made, seen);
    for (const [key, item] of value as Map<unknown, unknown>) {
      made.set(copy(key, seen), copy(item, seen));
    }
    return refuseChanges(made, ["set", "delete", "clear"]);
  }
  if (kind === Set.prototype) {
    const made = new Set<unknown>();
    remember(value, made, seen);
    for (const item of value as Set<unknown>) made.add(copy(item, seen));
    return refuseChanges(made, ["add", "delete", "clear"]);
  }
  if (kind === Date.prototype) {
    const made = new Date(value as Date);
    remember(value, made, seen);
    return refuseChanges(made, dateSetters);
  }
  if (kind === ArrayBuffer.prototype || Object.getPrototypeOf(kind) === TypedArray) {
    const made = (value as ArrayBuffer | Uint8Array).slice(0);
    remember(value, made, seen);
    return made;
  }
  return value;
}

function remember(
  original: object,
  made: object,
  seen: Map<object, object>,
): void {
  seen.set(original, made);
  immutable.add(made);
}

// Freezing a Map or a Set does not keep its methods from changing it.
function refuseChanges(made: object, methods: readonly string[]): object {
  for (const method of methods) {
    Object.defineProperty(made, method, {
      value: () => {
        throw new TypeError(
          `Cannot call '${method}' as it is called on a part of an immutable context`,
        );
      },
    });
  }
  return Object.freeze(made);
}
