import {
  type LateReport,
  type RunInfo,
  type RunOptions,
  type Step,
  step,
} from "@runsheet/runsheet";
import { type Deferred, deferred } from "./deferred.ts";

/** The output of a charge. */
export interface Charge extends Record<string, unknown> {
  readonly chargeId: string;
}

/** The options of a step that concern waiting for it. */
export interface Bounds {
  readonly timeout?: number;
  readonly graceMs?: number;
  readonly overlap?: "allow" | "never";
  readonly retry?: { count: number; retryIf?: (errors: readonly Error[]) => boolean };
}

/** A step whose attempts land on demand. */
export interface Landing {
  readonly step: Step<string, Record<never, never>, Charge>;
  /** Lets attempt `n` land, from 1. */
  readonly land: (attempt: number) => void;
  /** Makes attempt `n` fail, from 1. */
  readonly fail: (attempt: number, error: Error) => void;
  /** The infos of the attempts. */
  readonly infos: readonly RunInfo[];
}

/** A step that logs each start, effect and undo; attempt `n` returns `<name><n>`. */
export function landing(
  name: string,
  log: string[],
  bounds: Bounds = {},
  undo: ((chargeId: string) => unknown) | null = () => {},
): Landing {
  const gates: Deferred<Charge>[] = [];
  const infos: RunInfo[] = [];
  const rollback = (_ctx: unknown, { chargeId }: Charge) => {
    log.push(`undo ${chargeId}`);
    return undo?.(chargeId);
  };
  return {
    infos,
    land: (attempt) => gates[attempt - 1]!.resolve({ chargeId: `${name}${attempt}` }),
    fail: (attempt, error) => gates[attempt - 1]!.reject(error),
    step: step({
      name,
      ...bounds,
      run: (_ctx, info): Promise<Charge> => {
        log.push(`run ${name}${info.attempt}`);
        infos.push(info);
        gates.push(deferred());
        return gates.at(-1)!.promise;
      },
      ...(undo && { rollback }),
    }),
  };
}

/** Collects the reports passed to the caller of `run`. */
export interface Listening {
  readonly lateReports: readonly LateReport[];
  /** The same as text: `charge@1 compensated`. */
  readonly reports: string[];
  readonly watches: Promise<unknown>[];
  readonly options: RunOptions;
}

/** Listens to late reports. */
export function listening(): Listening {
  const lateReports: LateReport[] = [];
  const reports: string[] = [];
  const watches: Promise<unknown>[] = [];
  const onLate = (report: LateReport) => {
    lateReports.push(report);
    const { step, attempt, undo, outcome, error } = report;
    const what = `${undo ? "undo of " : ""}${step}@${attempt} ${outcome}`;
    reports.push(error ? `${what}: ${error.message}` : what);
  };
  return {
    lateReports,
    reports,
    watches,
    options: { runId: "r", onLate, waitUntil: (watch) => void watches.push(watch) },
  };
}
