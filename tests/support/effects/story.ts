import { FakeTime } from "@std/testing/time";
import {
  type Host,
  isRunsheetError,
  type LateReport,
  pipeline,
  type RetryPolicy,
  type RunInfo,
  step,
} from "@runsheet/runsheet";
import { failing } from "./flow.ts";
import { untilRest } from "./until_rest.ts";

/** The script of one attempt; times are in milliseconds after its start. */
export interface Chapter {
  /** The time at which it settles; never if omitted. 0 is synchronously, without a promise. */
  readonly at?: number;
  /** Its return value. */
  readonly gives?: Record<string, unknown> | undefined;
  /** The error that it throws instead. */
  readonly fails?: string;
  /** The time at which it defers an undo. */
  readonly defers?: readonly number[];
  /** Whether it fails as soon as its signal aborts. */
  readonly heeds?: boolean;
}

/** The step `charge`, and the events around its run. */
export interface Plot {
  readonly attempts: readonly Chapter[];
  readonly timeout?: number;
  readonly graceMs?: number;
  readonly lateMs?: number;
  readonly overlap?: "allow" | "never";
  readonly retry?: RetryPolicy;
  readonly idempotent?: boolean;
  /** Whether it has a rollback, or one that fails with this error, and its retries. */
  readonly rollback?: boolean | string;
  readonly undoRetries?: number;
  /** Whether it has an undo by key, or one that fails with this error, and its delay. */
  readonly undoByKey?: boolean | string;
  readonly afterMs?: number;
  /** The times at which a later step fails and the caller aborts. */
  readonly failsAt?: number;
  readonly abortAt?: number;
  readonly host?: Host;
}

/**
 * Runs `charge` in pipeline `p` until nothing is pending any more, and returns the events, one line
 * each, with times.
 */
export async function storyOf(plot: Plot): Promise<readonly string[]> {
  const time = new FakeTime(0);
  const lines: string[] = [];
  const tell = (line: string) => void lines.push(`${time.now}: ${line}`);
  const undo = (failure: boolean | string | undefined, line: string) => {
    tell(line);
    if (typeof failure === "string") throw new Error(failure);
  };
  try {
    const { timeout, graceMs, lateMs, overlap, retry, idempotent, host } = plot;
    const { rollback, undoRetries, undoByKey, afterMs, failsAt, abortAt } = plot;
    const charge = step({
      name: "charge",
      timeout,
      graceMs,
      lateMs,
      overlap,
      idempotent,
      ...(retry && { retry }),
      run: (_ctx, info) => {
        const chapter = plot.attempts[info.attempt - 1] ?? {};
        tell(`attempt ${info.attempt} of ${short(info.key)}`);
        return play(chapter, info, tell);
      },
      rollback: rollback
        ? {
          run: (_ctx, output, { effectKey, attempt }) => {
            const again = attempt > 1 ? `, attempt ${attempt}` : "";
            undo(rollback, `rollback of ${show(output)}, ${short(effectKey)}${again}`);
          },
          ...(undoRetries && { retry: { count: undoRetries } }),
        }
        : undefined,
      undoByKey: undoByKey
        ? {
          run: (_ctx, { effectKey }) => undo(undoByKey, `undo by key ${short(effectKey)}`),
          afterMs,
        }
        : undefined,
    });
    const last = failsAt === undefined ? [] : [failing((done) => setTimeout(done, failsAt))];
    const p = pipeline({ name: "p", steps: [charge, ...last] as never[] });
    const aborter = new AbortController();
    if (abortAt !== undefined) setTimeout(() => aborter.abort(), abortAt);
    const running = p.run({}, {
      runId: "r",
      host,
      onLate: (report) => tell(describe(report)),
      ...(abortAt !== undefined && { signal: aborter.signal }),
    });
    running.then((result) => {
      if (result.success) return tell(`success ${show(result.data)}`);
      const { error, rollback: { completed, failed } } = result;
      const undone = [...completed, ...failed.map(({ step }) => `not ${step}`)].join(", ");
      const code = isRunsheetError(error) ? error.code : error.message;
      tell(`failure ${code}, undone: ${undone || "nothing"}`);
    });
    await untilRest(time, running);
    return lines;
  } finally {
    time.restore();
  }
}

function play(
  { at, gives, fails, defers = [], heeds }: Chapter,
  info: RunInfo,
  tell: (line: string) => void,
) {
  const end = () => {
    if (fails !== undefined) throw new Error(fails);
    return gives;
  };
  defers.forEach((ms, n) => {
    const defer = () =>
      info.defer(({ effectKey }) => tell(`deferred ${info.attempt}.${n + 1}, ${short(effectKey)}`));
    if (ms === 0) defer();
    else setTimeout(defer, ms);
  });
  if (at === 0) return end();
  return new Promise<typeof gives>((resolve, reject) => {
    if (at !== undefined) setTimeout(() => resolve(undefined), at);
    if (heeds) info.signal.addEventListener("abort", () => reject(info.signal.reason));
  }).then(end);
}

function describe({ step, attempt, outcome, error, undo }: LateReport): string {
  const what = `late ${undo ? "undo of " : ""}${step}@${attempt} ${outcome}`;
  return error && !isRunsheetError(error, "TIMEOUT") ? `${what}: ${error.message}` : what;
}

function show(output: unknown): string {
  return JSON.stringify(output ?? null).replaceAll('"', "");
}

function short(key: string): string {
  return key.slice("r/p/".length);
}
