import type { Call, Outcome } from "../api/host.ts";
import { toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";
import type { MaybePromise } from "../values/maybe_promise.ts";
import type { Run } from "./scope.ts";

/** Gets a value through a durable host, which records it, as getting it again may give another. */
export async function recordedValue<T>(
  run: Run,
  given: Pick<Call, "id" | "kind" | "path"> & { readonly ctx: Context },
  get: () => MaybePromise<T>,
): Promise<T> {
  const { id: runId } = run;
  const ctx = run.without(given.ctx);
  const call: Call = { ...given, ctx, attempt: 1, runId, key: run.keyOf(given.id) };
  const outcome = await run.seam.perform(call, async (): Promise<Outcome> => {
    try {
      return { ok: true, value: await get() };
    } catch (thrown) {
      return { ok: false, error: toError(thrown) };
    }
  });
  if (!outcome.ok) throw outcome.error;
  return cast(outcome.value);
}
