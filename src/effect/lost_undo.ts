import { RollbackError } from "../report/errors.ts";

/** Stands in for an undo whose function lives in another process. */
export function lostUndo(id: string): never {
  const constraint = "its function must be in this process: it was deferred in another one";
  throw new RollbackError(`Cannot undo '${id}' as ${constraint}`, []);
}
