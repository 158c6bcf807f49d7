import type { RunInfo } from "../api/info.ts";
import type { Step } from "../api/step.ts";
import { makeEffect } from "../effect/make_effect.ts";
import { startEffect } from "../effect/start_effect.ts";
import { performUndo } from "../effect/undo.ts";
import { expose } from "../engine/expose.ts";
import { tellNotReleased } from "../engine/release.ts";
import {
  checkFunction,
  checkKey,
  checkOptions,
  checkRetry,
  checkTimeout,
  checkUndo,
} from "../report/checks.ts";
import { ConfigError } from "../report/errors.ts";
import { Journal } from "../run/journal.ts";
import type { Run } from "../run/scope.ts";
import { Seam } from "../run/seam.ts";
import type { Watch } from "../run/watch.ts";
import { failure, settle, success } from "../run/settled.ts";
import type { Held } from "../types/held.ts";
import type { ReleaseFunction, ResourceDefinition } from "../types/resource.ts";
import type { Needed, Unset } from "../types/step.ts";
import { cast } from "../values/cast.ts";
import type { Context } from "../values/context.ts";

/**
 * Makes a step that acquires something that is held until the run ends: a connection, a lock, a
 * transaction. Later steps find it in the context under the step's name.
 *
 * It is released once, after the run's rollback if there is one; the last resource acquired is
 * released first. It appears in no data and no record and does not pass through a host: a durable
 * run acquires it anew in each process. A failed release does not make the run fail; it is reported
 * in `meta.notReleased`.
 *
 * @param definition The resource's name, how to acquire and to release it, and policies.
 * @returns A step that adds the value under the resource's name.
 * @throws {ConfigError} If the definition is invalid.
 *
 * @example A connection from a pool
 * ```ts
 * import { pipeline, resource, step } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * const connection = resource({
 *   name: "connection",
 *   acquire: () => ({ query: (sql: string) => log.push(sql) }),
 *   release: () => log.push("released"),
 * });
 * const insert = step({
 *   name: "insert",
 *   run: (ctx: { connection: { query(sql: string): number } }) => ({
 *     row: ctx.connection.query("insert"),
 *   }),
 * });
 * const result = await pipeline({ name: "save", steps: [connection, insert] }).run();
 * assertEquals(result.success && result.data, { row: 1 });
 * assertEquals(log, ["insert", "released"]);
 * ```
 */
export function resource<V, R = Unset, const N extends string = string>(
  definition: ResourceDefinition<R, V, N>,
): Step<N, Needed<R, undefined>, { [K in N]: Held<V> }> {
  const own = checkOptions("create a resource", definition, [
    "name",
    "acquire",
    "release",
    "retry",
    "timeout",
  ]);
  const { name, release, timeout } = own;
  const acquire = cast<(ctx: Context, info: RunInfo) => unknown>(own.acquire);
  checkKey("create a resource", "name", name);
  const action = `create resource '${name}'`;
  checkFunction(action, "acquire", acquire);
  checkTimeout(`time '${name}'`, timeout);
  const policy = { retry: checkRetry(`retry '${name}'`, own.retry), timeout };
  const undo = release === undefined
    ? { run: dispose }
    : checkUndo<ReleaseFunction<V>>(action, "'release'", name, cast(release));
  const effect = makeEffect<unknown>({
    kind: "attempt",
    ...policy,
    rollback: { ...undo, run: (_ctx, value, info) => undo.run(cast(value), info) },
    call: (attempt) => acquire(attempt.ctx, attempt.shown()),
    succeed(attempt, output) {
      if (release === undefined && !disposerOf(output)) {
        const constraint = "'release' or the value's Symbol.dispose must say how to release it";
        const error = new ConfigError(`Cannot hold '${attempt.path}' as ${constraint}`);
        return failure(error, attempt.path, true);
      }
      attempt.stand(output, output);
      return success(output);
    },
  });
  return expose({
    name,
    keys: { needs: [], adds: [[name, name]] },
    kind: "step",
    policy,
    async execute(ctx, scope) {
      const { run, cancellation } = scope;
      const { seam } = run;
      run.resources ??= resourcesOf(run);
      const { aside, journal, free } = run.resources;
      // Its own journal, as a retry unwinds everything after its mark.
      const acquired = journal.fork();
      const inside = { ...scope, run: aside, journal: acquired };
      const settled = await seam.outside(
        Promise.resolve(settle(startEffect(effect, ctx, inside))),
      );
      journal.join(acquired);
      // A host has interrupted the run, which has released what it held.
      if (run.released) tellNotReleased(run, await free(undefined));
      if (settled.ok) {
        run.hold(name, settled.output);
        return success({ [name]: settled.output });
      }
      // A durable run is not undone for this, as another process may be able to acquire it.
      if (seam.durable && !cancellation?.error) throw seam.interrupt(settled.error);
      return settled;
    },
  });
}

/** Makes the run that acquires resources, directly or by `host.resources`, and their journal. */
function resourcesOf(run: Run): NonNullable<Run["resources"]> {
  const aside = run.besides(new Seam(run.options.host?.resources));
  const journal = new Journal({
    performUndo: (due, watch) => performUndo(aside, due, watch, "release"),
  });
  const free = (watch: Watch | undefined) => {
    const apart = journal.apart(watch);
    apart.join(journal);
    return apart.unwind(new Error("the run has ended"));
  };
  (run.releases ??= []).push(free);
  return { aside, journal, free };
}

function disposerOf(value: unknown): unknown {
  const { [Symbol.asyncDispose]: dispose, [Symbol.dispose]: disposeNow } = cast<
    Partial<AsyncDisposable & Disposable>
  >(value ?? {});
  return dispose ?? disposeNow;
}

function dispose(value: unknown): unknown {
  return cast<() => unknown>(disposerOf(value)).call(value);
}
