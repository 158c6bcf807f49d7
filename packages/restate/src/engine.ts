import { CancelledError, RestatePromise, type WorkflowContext } from "@restatedev/restate-sdk";
import type { Engine, Runner } from "@runsheet/runsheet/durable";
import { json } from "./serde.ts";

/** The id of a call, a sleep or an event that has completed, and its value. */
type Out = readonly [id: string, out: unknown];

/** Something that a run waits for: a call or a sleep, or an event, given by its name. */
type Pending = RestatePromise<Out> | string;

/** Restate's journal of one run as the engine of `engineHost`. */
export function engineOf<Args, Data>(
  ctx: WorkflowContext,
  { name, options, codec }: Runner<Args, Data>,
  cancelled: AbortController,
): Engine<Pending> {
  const { attemptCompletedSignal } = ctx.request();
  const events = new Map<string, RestatePromise<string>>();
  /** The number of events taken, by name. */
  const taken = new Map<string, number>();

  function eventOf(name: string, rank: number): RestatePromise<string> {
    const key = eventKey(name, (taken.get(name) ?? 0) + rank);
    const known = events.get(key) ?? ctx.promise(key, json).get();
    events.set(key, known);
    return known;
  }

  return {
    name,
    lateMs: options.lateMs,
    signal: cancelled.signal,
    // Restate makes a call only at the end of the journal. If it gives up this process, the attempt
    // is cancelled, as another process makes the call again.
    call: ({ id }, make) =>
      outOf(id, ctx.run(id, () => make(attemptCompletedSignal), { serde: json })),
    sleep: (id, ms) => outOf(id, ctx.sleep(Math.ceil(ms), id)),
    event: (_id, name) => name,
    async next(pending) {
      const ranks = new Map<string, number>();
      const racing = [...pending].map(([id, out]) => {
        if (typeof out !== "string") return out;
        const rank = (ranks.get(out) ?? 0) + 1;
        ranks.set(out, rank);
        return outOf(id, eventOf(out, rank));
      });
      try {
        const [id, out] = await RestatePromise.race(racing);
        const event = pending.get(id);
        if (typeof event !== "string") return [[id, out]];
        taken.set(event, (taken.get(event) ?? 0) + 1);
        return [[id, codec.decode(String(out))]];
      } catch (reason) {
        if (!(reason instanceof CancelledError)) throw reason;
        cancelled.abort(reason);
        return [];
      }
    },
  };
}

function outOf(id: string, out: RestatePromise<unknown>): RestatePromise<Out> {
  return out.map((value, failure) => {
    if (failure) throw failure;
    return [id, value];
  });
}

/** The durable promise of the n-th event of a name, from 1. */
export function eventKey(name: string, n: number): string {
  return `${name}/${n}`;
}
