import { toError } from "../report/errors.ts";
import { messageOf } from "../values/message.ts";

/** Thrown if the store fails: this process stops driving the run, which has not ended. */
export class StoreFailure extends Error {
  /** The error's name. */
  override readonly name = "StoreFailure";
  constructor(action: string, problem: string, cause?: unknown) {
    super(`Cannot ${action} as ${problem}`, { cause });
  }
}

/** Calls the store; a rejection becomes a `StoreFailure`. */
export async function askStore<T>(action: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    const problem = `its store must answer: ${messageOf(toError(thrown)).full}`;
    throw new StoreFailure(action, problem, thrown);
  }
}
