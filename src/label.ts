/** The names of siblings, made unique: the second `log` is `log#2`. */
export function labels(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const counts = new Map<string, number>();
  return names.map((name) => {
    let count = (counts.get(name) ?? 0) + 1;
    // Another sibling may really be called `log#2`.
    while (count > 1 && taken.has(`${name}#${count}`)) count++;
    counts.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
