import {
  type RollbackInfo,
  type RunInfo,
  type Step,
  step,
  type StepDefinition,
} from "@runsheet/runsheet";
import { type Deferred, deferred } from "./deferred.ts";

/** The return value of a charge; nothing if the other side returns nothing. */
export type Returned = { readonly chargeId: string } | void;

/** One attempt, which settles on demand. */
export interface GatedAttempt {
  readonly info: RunInfo;
  readonly gate: Deferred<Returned>;
}

type Definition = StepDefinition<
  Record<never, never>,
  Record<never, never>,
  string,
  undefined,
  undefined
>;

/** A step whose attempts and undos are logged with their keys. */
export interface Gated {
  readonly charge: Step<string, Record<never, never>, Record<never, never>>;
  readonly log: string[];
  /** Lets attempt `n` succeed, from 1. */
  readonly land: (attempt: number, chargeId?: string) => void;
  /** Makes attempt `n` fail, from 1. */
  readonly fail: (attempt: number, error: Error) => void;
  /** The info of attempt `n`. */
  readonly info: (attempt: number) => RunInfo;
}

/** The options of a gated step besides its policy. */
export interface GatedOptions extends Omit<Partial<Definition>, "run" | "rollback" | "undoByKey"> {
  /** Whether it has a rollback; by default, it does. */
  readonly rollback?: boolean;
  readonly undoByKey?: true | { readonly afterMs: number };
  /** The action of attempt `n` at its start. */
  readonly onStart?: (info: RunInfo, n: number) => void;
  /** The error that undos throw. */
  readonly stuck?: Error;
}

/**
 * Makes a step called `charge`: attempt `n` logs its start, waits for its gate, and may then return
 * a charge.
 */
export function gated(
  { rollback = true, undoByKey, onStart, stuck, ...definition }: GatedOptions = {},
): Gated {
  const attempts: GatedAttempt[] = [];
  const log: string[] = [];
  const short = (key: string) => key.slice(key.indexOf("charge") + "charge".length);
  const undo = (what: string, { effectKey }: RollbackInfo) => {
    log.push(`${what} of key${short(effectKey)}`);
    if (stuck) throw stuck;
  };
  const charge = step<Record<never, never>, { chargeId?: string }>({
    name: "charge",
    ...definition as object,
    run: (_ctx, info) => {
      const gate = deferred<Returned>();
      attempts.push({ info, gate });
      log.push(`run ${info.attempt} with key${short(info.key)}`);
      onStart?.(info, info.attempt);
      return gate.promise as Promise<{ chargeId?: string }>;
    },
    ...(rollback && {
      rollback: (_ctx, output, info) => undo(`undo ${output.chargeId ?? "something"}`, info),
    }),
    ...(undoByKey && {
      undoByKey: {
        ...undoByKey === true ? {} : undoByKey,
        run: (_ctx, info) => undo("undo by key", info),
      },
    }),
  });
  return {
    charge,
    log,
    land: (attempt, chargeId) =>
      attempts[attempt - 1]!.gate.resolve(chargeId ? { chargeId } : undefined),
    fail: (attempt, error) => attempts[attempt - 1]!.gate.reject(error),
    info: (attempt) => attempts[attempt - 1]!.info,
  };
}
