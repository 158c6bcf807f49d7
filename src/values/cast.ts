/**
 * Restores a type that the engine erased; the caller has inferred it. This is the only such place.
 */
export function cast<T>(erased: unknown): T {
  return erased as T;
}
