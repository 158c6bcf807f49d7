import { cast } from "./cast.ts";
import { plainKind } from "./plain_kind.ts";

// Immutable values are not copied again when they are merged into the next context.
const immutable = new WeakSet<object>();

/** Marks a value as shared with the caller, to be passed through unchanged. */
export function keepAsIs(value: unknown): void {
  if (typeof value === "object" && value !== null) immutable.add(value);
}

const dateSetters = Object.getOwnPropertyNames(Date.prototype).filter((name) =>
  name.startsWith("set")
);

/**
 * Makes an immutable copy of plain data of any realm: objects, arrays, Maps, Sets and Dates, deeply
 * and including cycles. Typed arrays and ArrayBuffers are copied, but JavaScript cannot freeze
 * them. Instances of other classes (clients, connections) are not copied.
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
  switch (plainKind(value)) {
    case "object": {
      const made = remember(value, Object.create(Object.getPrototypeOf(value)), seen);
      return Object.freeze(copyKeys(value, made, seen));
    }
    case "array":
      return Object.freeze(copyElements(value as unknown[], remember(value, [], seen), seen));
    case "Map": {
      const made = remember(value, new Map<unknown, unknown>(), seen);
      for (const [key, item] of value as Map<unknown, unknown>) {
        made.set(copy(key, seen), copy(item, seen));
      }
      return refuseChanges(copyKeys(value, made, seen), ["set", "delete", "clear"]);
    }
    case "Set": {
      const made = remember(value, new Set<unknown>(), seen);
      for (const item of value as Set<unknown>) made.add(copy(item, seen));
      return refuseChanges(copyKeys(value, made, seen), ["add", "delete", "clear"]);
    }
    case "Date": {
      const made = remember(value, new Date(value as Date), seen);
      return refuseChanges(copyKeys(value, made, seen), dateSetters);
    }
    case "ArrayBuffer":
    case "typed array":
      return remember(value, (value as ArrayBuffer | Uint8Array).slice(0), seen);
    default:
      return value;
  }
}

/** Copies the elements of an array except holes, and other keys such as the groups of a match. */
function copyElements(from: unknown[], to: unknown[], seen: Map<object, object>): unknown[] {
  const keys = Reflect.ownKeys(from);
  // Indexes come first, followed by `length`, which exists from the beginning.
  const count = keys.indexOf("length");
  for (const key of keys.slice(0, count)) to[Number(key)] = copy(from[Number(key)], seen);
  to.length = from.length;
  return copyKeys(from, to, seen, keys.slice(count + 1));
}

function copyKeys<T extends object>(
  from: object,
  to: T,
  seen: Map<object, object>,
  keys: readonly PropertyKey[] = Reflect.ownKeys(from),
): T {
  for (const key of keys) {
    // Defined, not assigned: assigning '__proto__' would change the prototype.
    Object.defineProperty(to, key, {
      value: copy(Reflect.get(from, key), seen),
      enumerable: Object.prototype.propertyIsEnumerable.call(from, key),
    });
  }
  return to;
}

function remember<T extends object>(original: object, made: T, seen: Map<object, object>): T {
  seen.set(original, made);
  immutable.add(made);
  return made;
}

// The methods of a frozen Map or Set could still change it.
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
