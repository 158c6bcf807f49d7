import type { Call } from "../api/host.ts";

/**
 * A name as it stands in paths. What the engine puts into paths and ids itself is written %2F and so on, or a step
 * called `a/b` would pass for step `b` of pipeline `a`, and share its idempotency key.
 */
export function labelOf(name: string): string {
  return name.replaceAll(
    /[%/@!?[]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The names of siblings as labels, made unique: the second `log` is `log#2`. */
export function labels(names: readonly string[]): readonly string[] {
  const plain = names.map(labelOf);
  const taken = new Set(plain);
  const counts = new Map<string, number>();
  return plain.map((name) => {
    let count = (counts.get(name) ?? 0) + 1;
    // Another sibling may really be called `log#2`.
    while (count > 1 && taken.has(`${name}#${count}`)) count++;
    counts.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

/** The path of a child. */
export function join(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** The id of a call without its attempt. */
export function baseOf({ id, kind, attempt }: Call): string {
  return kind === "attempt" || attempt > 1 ? id.slice(0, id.lastIndexOf("@")) : id;
}

/** The path of the step that a call belongs to. */
export function stepOf(path: string): string {
  return path.replace(/ \(deferred\)$/, "");
}
