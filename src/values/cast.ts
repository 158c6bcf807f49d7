/** The one place where what the engine erased gets its types back: whoever calls has inferred them. */
export function cast<T>(erased: unknown): T {
  return erased as T;
}
