import type { Call, Host, Outcome, RunOptions } from "@runsheet/runsheet";
import type { ConformTarget, Mortal, Saga, SagaEnding } from "@runsheet/runsheet/testing";
import { conformTarget } from "./conform_target.ts";

/** A mistake of an adapter, planted in that of `durable`. */
export interface Fault {
  /** The endings that show it. */
  readonly endings: readonly SagaEnding[];
  readonly every?: number;
  readonly patienceMs?: number;
  readonly target: () => ConformTarget;
  /** A part of the sentence that must name it. */
  readonly sentence: string;
}

/** Replaces the host of a saga. */
function hosted(
  change: (
    host: Host,
    options: RunOptions,
    mortal: Mortal,
  ) => Partial<Host> & { readonly runId?: string },
): () => ConformTarget {
  return () =>
    conformTarget((saga, mortal, open) => {
      const run: Saga["run"] = (args, options = {}) => {
        const host = options.host!;
        const { runId = options.runId!, ...changed } = change(host, options, mortal);
        const own: Host = {
          perform: (call, fn) => host.perform(call, fn),
          sleep: (call, ms, signal) => host.sleep(call, ms, signal),
          event: (id, name, signal) => host.event!(id, name, signal),
          durable: host.durable,
          outside: (change) => host.outside!(change),
          ...changed,
        };
        return saga.run(args, { ...options, runId, host: own });
      };
      const faulty: Saga = Object.create(saga, { run: { value: run } });
      return open(faulty);
    });
}

/** A wait that is not recorded. */
function forgetful(suffix: string): () => ConformTarget {
  return hosted((host) => ({
    async sleep(call, ms, signal) {
      if (!call.id.endsWith(suffix)) return await host.sleep(call, ms, signal);
      await new Promise<void>((resolve) => {
        setTimeout(resolve, ms);
        signal?.addEventListener("abort", () => resolve());
      });
    },
  }));
}

/** A host that treats some calls in a way of its own. */
function performing(
  isMeant: (call: Call) => boolean,
  perform: (host: Host, ...args: Parameters<Host["perform"]>) => Promise<Outcome>,
): () => ConformTarget {
  return hosted((host) => ({
    perform: (call, fn) => isMeant(call) ? perform(host, call, fn) : host.perform(call, fn),
  }));
}

/** Records by position: the n-th call of a worker has the outcome of the n-th call before it. */
function positional(): ConformTarget {
  const records = new Map<string, Outcome>();
  return hosted((_host, { runId }, mortal) => {
    const own = mortal(records);
    let position = 0;
    return {
      async perform(_call, fn) {
        const id = `${runId} ${position++}`;
        const known = await own.get(id);
        if (known) return known;
        const outcome = await fn();
        await own.set(id, outcome);
        return outcome;
      },
    };
  })();
}

/** Tells no worker that an outcome was refused, as another one has taken over its run. */
function unfenced(): ConformTarget {
  return conformTarget((saga, _mortal, open) =>
    open(saga, (table) => {
      const worker = table.worker();
      return {
        append: async (runId, seq, row, isEnd) =>
          await worker.append(runId, seq, row, isEnd) || row.includes('"kind":"out"'),
      };
    })
  );
}

/** Claims that something from outside is recorded, and forgets it with its process. */
function losing(kind: "event" | "cancel"): ConformTarget {
  return conformTarget((saga, _mortal, open) =>
    open(saga, (table) => {
      const worker = table.worker();
      return {
        append: (runId, seq, row) =>
          row.includes(`"kind":"${kind}"`) ? true : worker.append(runId, seq, row),
      };
    })
  );
}

export const faults: Record<string, Fault> = {
  "a decision that is not recorded": {
    endings: ["times out"],
    target: forgetful("!timeout"),
    sentence: "'truck' was called after a timeout had ended the run: the decision was not recorded",
  },
  "a key that changes": {
    endings: ["fails"],
    every: 10,
    target: hosted((_host, { runId }) => ({ runId: `${runId}.${crypto.randomUUID()}` })),
    sentence: "sent with a key that has changed: reserve",
  },
  "an undo that is run twice without a kill": {
    endings: ["fails"],
    every: 10,
    target: performing(
      ({ path, kind }) => kind === "undo" && path.endsWith("pickup"),
      (host, call, fn) =>
        host.perform(call, async () => {
          await fn();
          return await fn();
        }),
    ),
    sentence: "the undo of 'pickup' was called again without a kill",
  },
  "an id that depends on the position": {
    endings: ["succeeds"],
    target: positional,
    sentence: "never made, though the run went on: post",
  },
  "a timer that is not recorded": {
    endings: ["times out"],
    target: forgetful("!sleep"),
    sentence: "the wait after 'pause' begins anew after a kill",
  },
  "an outcome that is recorded before its effect": {
    endings: ["succeeds"],
    target: performing(({ path }) => path.endsWith("cardFee"), async (host, call, fn) => {
      let isNew = false;
      const outcome = await host.perform(call, () => {
        isNew = true;
        return Promise.resolve({ ok: true, value: { cardFee: "cardFee" } });
      });
      if (isNew) await fn();
      return outcome;
    }),
    sentence: "never made, though the run went on: cardFee",
  },
  "a fenced worker that goes on": {
    endings: ["succeeds"],
    every: 100,
    target: unfenced,
    sentence: "a worker went on with 'courier' after another one had taken over its run",
  },
  "undos in another order": {
    endings: ["fails"],
    every: 100,
    target: () => {
      let held: (() => Promise<Outcome>) | undefined;
      return performing(
        ({ kind }) => kind === "undo",
        (host, call, fn) =>
          host.perform(call, async () => {
            if (call.path.endsWith("pickup")) {
              held = fn;
              return { ok: true, value: undefined };
            }
            const outcome = await fn();
            await held?.();
            held = undefined;
            return outcome;
          }),
      )();
    },
    sentence: "its undos came in another order than",
  },
  "an attempt that lands late and is lost": {
    endings: ["lands late"],
    target: hosted(({ durable }) => ({ durable: { ...durable!, lateMs: 0 } })),
    sentence: "landed late, and left: late",
  },
  "a failure that is not recorded, so that the run goes forward after its rollback": {
    endings: ["fails"],
    target: performing(({ path }) => path === "end", (_host, _call, fn) => fn()),
    sentence: "'end' was called after the rollback had begun: a run must not go forward again",
  },
  "args that are made again": {
    endings: ["succeeds"],
    every: 10,
    target: performing(({ kind }) => kind === "args", (_host, _call, fn) => fn()),
    sentence: "the args that 'charge' saw were made again after another step had seen them",
  },
  "a call whose success is forgotten": {
    endings: ["succeeds"],
    every: 10,
    target: performing(({ path }) => path === "reserve", (_host, _call, fn) => fn()),
    sentence: "'reserve' was called again, though it was over before the kill",
  },
  "a store that refuses every row": {
    endings: ["succeeds"],
    target: () =>
      conformTarget((saga, _mortal, open) => open(saga, () => ({ append: () => false }))),
    sentence:
      "a run that succeeds, killed at every moment:\n    it must not be refused at '<store>'",
  },
  "an event that is lost": {
    endings: ["times out"],
    patienceMs: 500,
    target: () => losing("event"),
    sentence: "it must end: nothing has happened",
  },
  "a cancellation that is lost": {
    endings: ["is cancelled"],
    patienceMs: 500,
    target: () => losing("cancel"),
    sentence: "it must end: nothing has happened",
  },
};
