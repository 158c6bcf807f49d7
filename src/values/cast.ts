/**
 * The only place where values that the engine untyped regain their types; the caller inferred them.
 */
export function cast<T>(erased: unknown): T {
  return erased as T;
}
