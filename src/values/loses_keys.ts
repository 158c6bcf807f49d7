import { isRoot } from "./plain_kind.ts";

/**
 * Whether a copy of an object's own keys would lose data: values that its class exposes by
 * accessors (a Response, a URL), or everything (a Date, a Promise, an instance with private
 * fields). Methods alone are not data, unless `areMethodsKeys`.
 */
export function losesKeys(value: object, areMethodsKeys = false): boolean {
  let kind = Object.getPrototypeOf(value);
  let hasMethods = false;
  while (kind !== null && !isRoot(kind)) {
    // The library's own results look like plain objects and are copied as such.
    if (Object.getOwnPropertyDescriptor(kind, "constructor")?.value !== Object) {
      for (const key of Object.getOwnPropertyNames(kind)) {
        if (key === "constructor") continue;
        const { value } = Object.getOwnPropertyDescriptor(kind, key)!;
        if (areMethodsKeys || typeof value !== "function") return true;
        hasMethods = true;
      }
    }
    kind = Object.getPrototypeOf(kind);
  }
  return hasMethods && Object.keys(value).length === 0;
}
