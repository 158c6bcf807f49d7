import type { Call, Outcome } from "../api/host.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { messageOf, shorten } from "../values/message.ts";
import type { Codec } from "./codec.ts";
import { cutError } from "./cut_error.ts";

const LONGEST = 1_000;

/** Names the outcome of a call in the sentence that refuses to record it. */
export function subjectOf({ kind, path }: Call, name: string, isOk: boolean): string {
  if (kind === "args") return `the args of '${path || name}' as they`;
  if (kind === "collection") return `the items of '${path}' as they`;
  return `'${path}' as ${isOk ? "what it returns" : "its late outcome"}`;
}

/**
 * An outcome as it is recorded, and as the run receives it. A value that cannot be recorded fails
 * its attempt; the run still receives it, so that its effect is undone. An error is cut until it
 * can be recorded, and too many deferred undos are recorded as their number: only this process can
 * carry them out, and another one reports that it could not.
 */
export function recordable(
  codec: Codec,
  subject: string,
  outcome: Outcome,
): { readonly recorded: Outcome; readonly given: Outcome } {
  const copy = (recorded: Outcome): Outcome => cast(codec.decode(codec.encode(recorded)));
  try {
    return { recorded: outcome, given: copy(outcome) };
  } catch (thrown) {
    const what = shorten(messageOf(toError(thrown)).full, LONGEST);
    for (const recorded of lesser(codec, outcome, `Cannot record ${subject} ${what}`)) {
      try {
        return { recorded, given: cast({ ...copy(recorded), ...kept(outcome, recorded) }) };
      } catch {
        // The next substitute is smaller.
      }
    }
    throw thrown;
  }
}

/** The substitutes for an outcome that cannot be recorded, the most complete first. */
function* lesser(codec: Codec, outcome: Outcome, refusal: string): Generator<Outcome> {
  const { ok, deferred } = outcome;
  const count = typeof deferred === "object" ? deferred.length : deferred;
  const error = ok ? new ConfigError(refusal) : cutError(codec, outcome.error);
  if (!ok) {
    const { late } = outcome;
    const cut = { ...outcome, error, ...(late?.ok === false && { late: cutLate(late) }) };
    yield* [cut, { ...cut, deferred: count }];
  }
  const bare: Outcome = { ok: false, error, permanent: true, deferred };
  yield* [bare, { ...bare, deferred: count }];

  function cutLate(late: Outcome & { readonly ok: false }): Outcome {
    return { ...late, error: cutError(codec, late.error) };
  }
}

/** The unrecorded values that the run still receives, as their effects must be undone. */
function kept(outcome: Outcome, recorded: Outcome): object {
  if (outcome.ok) return { value: outcome.value };
  const { value, late } = outcome;
  return {
    ...("value" in outcome && !("value" in recorded) && { value }),
    ...(late && !("late" in recorded) && { late }),
  };
}
