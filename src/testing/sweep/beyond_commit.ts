import type { FaultHost } from "./fault_host.ts";
import type { LeftEffect } from "./report.ts";

/**
 * The effects that must not be in place even though a pivot has succeeded: those of steps that
 * failed, and any beyond those that the step leaves in a run without faults.
 */
export function beyondCommit(
  left: readonly LeftEffect[],
  clean: readonly LeftEffect[],
  host: FaultHost,
  failed: string | undefined,
): readonly LeftEffect[] {
  const succeeded = new Set(
    host.calls.filter(({ id, kind, path }) =>
      kind !== "undo" && path !== failed && host.succeeded.has(id)
    ).map(({ path }) => path),
  );
  const stands = new Map<string, number>();
  for (const entry of clean) {
    stands.set(keyOf(entry), (stands.get(keyOf(entry)) ?? 0) + entry.amount);
  }
  return left.filter((entry) => {
    const { by = "", amount } = entry;
    if (amount < 0 || !by.split(" or ").some((path) => succeeded.has(path))) return true;
    const rest = stands.get(keyOf(entry));
    // A run without faults may not call the step at all, if it is an alternative for example.
    if (rest === undefined) return false;
    stands.set(keyOf(entry), rest - amount);
    return rest < amount;
  });
}

function keyOf({ by, effect }: LeftEffect): string {
  return JSON.stringify([by, effect]);
}
