// The expected types of a program, without the library: alternatives of scalars, lists and objects.

/** A type: the alternatives of a value. */
export type Kind = readonly Alternative[];

export type Alternative =
  | { readonly is: "string" | "number" | "boolean" }
  | { readonly is: "failure" }
  | { readonly is: "list"; readonly of: Kind }
  | { readonly is: "object"; readonly keys: Shape };

/** The keys of an object, each with its type, and whether it may be missing. */
export type Shape = Readonly<Record<string, { readonly kind: Kind; readonly isOptional: boolean }>>;

export const scalar = (is: "string" | "number" | "boolean"): Kind => [{ is }];
export const list = (of: Kind): Kind => [{ is: "list", of }];
export const object = (keys: Shape): Kind => [{ is: "object", keys }];

/** All the alternatives of some types. */
export function either(...kinds: Kind[]): Kind {
  return [...new Map(kinds.flat().map((one) => [textOf([one]), one])).values()];
}

/** The shape of a context of the shape `before` after `added` has been written over it. */
export function over(before: Shape, added: Shape): Shape {
  const result = { ...before };
  for (const [key, { kind, isOptional }] of Object.entries(added)) {
    const old = before[key];
    result[key] = old && isOptional
      ? { kind: either(old.kind, kind), isOptional: old.isOptional }
      : { kind, isOptional };
  }
  return result;
}

/** All of some needs together: a key that one of them requires must be there. */
export function together(...needs: Shape[]): Shape {
  const result: Record<string, Shape[string]> = {};
  for (const [key, need] of needs.flatMap((shape) => Object.entries(shape))) {
    if (!result[key] || result[key].isOptional) result[key] = need;
  }
  return result;
}

/** One of some outputs: only the keys that are certain in all of them are certain. */
export function oneOf(...outputs: Shape[]): Shape {
  const keys = new Set(outputs.flatMap((shape) => Object.keys(shape)));
  return Object.fromEntries([...keys].map((key) => {
    const found = outputs.flatMap((shape) => shape[key] ?? []);
    const isOptional = found.length < outputs.length || found.some((one) => one.isOptional);
    return [key, { kind: either(...found.map(({ kind }) => kind)), isOptional }];
  }));
}

export function optional(shape: Shape): Shape {
  const entries = Object.entries(shape).map(([key, { kind }]) => [key, { kind, isOptional: true }]);
  return Object.fromEntries(entries);
}

/** A shape without some keys. */
export function without(shape: Shape, keys: readonly string[]): Shape {
  return Object.fromEntries(Object.entries(shape).filter(([key]) => !keys.includes(key)));
}

/** A type as TypeScript. */
export function textOf(kind: Kind): string {
  return kind.map((one) => {
    if (one.is === "failure") return "ItemFailure<string>";
    if (one.is === "list") return `(${textOf(one.of)})[]`;
    return one.is === "object" ? shapeText(one.keys) : one.is;
  }).sort().join(" | ");
}

/** A shape as TypeScript. */
export function shapeText(shape: Shape): string {
  const pairs = Object.entries(shape).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, { kind, isOptional }]) => `${key}${isOptional ? "?" : ""}: ${textOf(kind)}`);
  return `{ ${pairs.join("; ")} }`;
}

/** The mistakes in a value that must be of a type; empty if there are none. */
export function misfits(value: unknown, kind: Kind, path = "data"): string[] {
  const found = kind.map((one) => misfitsOf(value, one, path));
  return found.some((wrong) => wrong.length === 0) ? [] : found[0] ?? [`${path} is never`];
}

function misfitsOf(value: unknown, one: Alternative, path: string): string[] {
  switch (one.is) {
    case "string":
    case "number":
    case "boolean": {
      const found: string = typeof value;
      return found === one.is ? [] : [`${path} must be a ${one.is}`];
    }
    case "failure":
      return value instanceof Object && "error" in value && value.error instanceof Error
        ? []
        : [`${path} must be a failure`];
    case "list":
      return Array.isArray(value)
        ? value.flatMap((item, n) => misfits(item, one.of, `${path}[${n}]`))
        : [`${path} must be a list`];
    case "object":
      return value instanceof Object
        ? misfitsOfKeys(new Map(Object.entries(value)), one.keys, path)
        : [`${path} must be an object`];
  }
}

function misfitsOfKeys(held: Map<string, unknown>, keys: Shape, path: string): string[] {
  const strays = [...held.keys()].filter((key) => !Object.hasOwn(keys, key));
  const wrong = Object.entries(keys).flatMap(([key, { kind, isOptional }]) => {
    if (held.has(key)) return misfits(held.get(key), kind, `${path}.${key}`);
    return isOptional ? [] : [`${path}.${key} is missing`];
  });
  return [...strays.map((key) => `${path}.${key} is in no type`), ...wrong];
}
