import type { Call, Outcome } from "../api/host.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { cast } from "../values/cast.ts";
import { messageOf } from "../values/message.ts";
import type { Codec } from "./codec.ts";

/** Names the outcome of a call in the sentence that refuses to record it. */
export function subjectOf({ kind, path }: Call, name: string, isOk: boolean): string {
  if (kind === "args") return `the args of '${path || name}' as they`;
  if (kind === "collection") return `the items of '${path}' as they`;
  return `'${path}' as ${isOk ? "what it returns" : "its late outcome"}`;
}

/**
 * An outcome as it is recorded, and as the run receives it. A value that cannot be recorded fails
 * its attempt; the run still receives it, so that its effect is undone.
 */
export function recordable(
  codec: Codec,
  subject: string,
  outcome: Outcome,
): { readonly recorded: Outcome; readonly given: Outcome } {
  try {
    return { recorded: outcome, given: cast(codec.decode(codec.encode(outcome))) };
  } catch (thrown) {
    const { ok, deferred } = outcome;
    const text = `Cannot record ${subject} ${messageOf(toError(thrown)).full}`;
    const error = ok ? new ConfigError(text) : outcome.error;
    const recorded: Outcome = { ok: false, error, permanent: true, deferred };
    return { recorded, given: ok ? { ...recorded, value: outcome.value } : outcome };
  }
}
