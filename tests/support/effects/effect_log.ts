import { assertEquals } from "@std/assert";
import type { RunInfo } from "@runsheet/runsheet";

/** The definition of the step that made an attempt. */
export interface Traits {
  readonly isIdempotent: boolean;
  readonly hasRollback: boolean;
  readonly hasUndoByKey: boolean;
  readonly lateMs: number;
}

/** One attempt of a step, as seen by the step itself. */
export interface Attempt extends Traits {
  /** The key of the step's first attempt. */
  readonly site: string;
  readonly number: number;
  readonly key: string;
  readonly startedAt: number;
  /** The time on the clock. */
  readonly ms: number;
  /** The returned value, and the time. */
  output?: { readonly value: string; readonly at: number };
  /** The times at which it deferred undos. */
  readonly deferred: number[];
}

interface Undo {
  readonly id: string;
  readonly effectKey: string;
  readonly at: number;
  readonly ms: number;
}

/** The infos and effects of the steps of one run, in order. It detects violations of the rules. */
export class EffectLog {
  readonly attempts: Attempt[] = [];
  readonly undos: Undo[] = [];
  #now = 0;

  /** Records an attempt. */
  starts({ key, attempt: number }: Pick<RunInfo, "key" | "attempt">, traits: Traits): Attempt {
    const site = key.replace(/~\d+$/, "");
    const [startedAt, ms] = [++this.#now, Date.now()];
    const attempt = { ...traits, site, number, key, startedAt, ms, deferred: [] };
    this.attempts.push(attempt);
    return attempt;
  }

  /** Records an attempt's output. */
  returns(attempt: Attempt, value: string): void {
    attempt.output = { value, at: ++this.#now };
  }

  /** Records that an attempt defers an undo; returns the undo's id. */
  defers(attempt: Attempt): string {
    return deferId(attempt, attempt.deferred.push(++this.#now));
  }

  /** Records that an attempt's output is rolled back. */
  rollsBack(effectKey: string, output: string): void {
    const isOne = this.attempts.some(({ key, isIdempotent }) => key === effectKey && isIdempotent);
    // An attempt that has not read its key is in the log under another.
    const key = this.attempts.find((attempt) => attempt.output?.value === output)?.key ?? effectKey;
    this.undoes(rollbackId(key, isOne ? undefined : output), effectKey);
  }

  /** Records that an effect is undone by its key. */
  undoesByKey(effectKey: string): void {
    this.undoes(byKeyId(effectKey), effectKey);
  }

  /** Records that an undo starts. */
  undoes(id: string, effectKey: string): void {
    this.undos.push({ id, effectKey, at: ++this.#now, ms: Date.now() });
  }

  /**
   * Fails unless the keys of attempts differ if and only if something was undone, or due to be
   * undone, between them.
   */
  checkKeys(): void {
    for (const site of new Set(this.attempts.map(({ site }) => site))) {
      const attempts = this.attempts.filter((attempt) => attempt.site === site);
      assertEquals(attempts[0]!.key, site);
      attempts.slice(1).forEach((next, n) => {
        const { key } = attempts[n]!;
        const before = attempts.slice(0, n + 1).filter((attempt) => attempt.key === key);
        const isBurnt = before.some((attempt) => isDue(attempt, next.startedAt)) ||
          this.undos.some(({ effectKey, at }) => effectKey === key && at < next.startedAt);
        assertEquals(next.key !== key, isBurnt, `the key of ${site}@${next.number} after ${key}`);
      });
    }
  }

  /**
   * Fails unless everything has been undone exactly once, except what belongs to an output that is
   * kept. Valid once everything in flight has settled or is no longer waited for.
   */
  checkUndone(standing: readonly string[]): void {
    const expected = new Set(this.attempts.flatMap((attempt) => this.#idsOf(attempt, standing)));
    assertEquals(this.undos.map(({ id }) => id).sort(), [...expected].sort());
  }

  /** Whether an attempt's effects are kept, given the outputs that are. */
  stands(attempt: Attempt, standing: readonly string[]): boolean {
    // Without an output of its own, an attempt is not undone under a key whose success counts.
    const same = attempt.output ? this.#oneWith(attempt) : this.#withKeyOf(attempt);
    return same.some(({ output }) => output && standing.includes(output.value));
  }

  /** The attempts that are one effect with an attempt. */
  #oneWith(attempt: Attempt): readonly Attempt[] {
    return attempt.isIdempotent ? this.#withKeyOf(attempt) : [attempt];
  }

  #withKeyOf(attempt: Attempt): readonly Attempt[] {
    return this.attempts.filter(({ key }) => key === attempt.key);
  }

  /** The undos of an attempt that must have run. */
  #idsOf(attempt: Attempt, standing: readonly string[]): readonly string[] {
    const { isIdempotent, hasRollback, hasUndoByKey, key, deferred } = attempt;
    if (this.stands(attempt, standing)) return [];
    const one = this.#oneWith(attempt);
    const deferIds = deferred.map((_, n) => deferId(attempt, n + 1));
    const known = one.find(({ output }) => output)?.output;
    if (!known || !hasRollback) return hasUndoByKey ? [byKeyId(key), ...deferIds] : deferIds;
    // Any output of one effect may be rolled back.
    const undone = [rollbackId(key, isIdempotent ? undefined : known.value), ...deferIds];
    return this.#isOutOfTime(one, known.at) ? [byKeyId(key), ...undone] : undone;
  }

  /** Whether an effect was undone by its key after `lateMs`, before its output arrived. */
  #isOutOfTime(attempts: readonly Attempt[], outputAt: number): boolean {
    const { key, ms, lateMs } = attempts.at(-1)!;
    return this.undos.some((undo) => {
      return undo.id === byKeyId(key) && undo.at < outputAt && undo.ms - ms >= lateMs;
    });
  }
}

/** Whether an abandoned attempt has something to undo. */
function isDue({ isIdempotent, hasUndoByKey, deferred }: Attempt, now: number): boolean {
  if (isIdempotent) return false;
  return hasUndoByKey || deferred.some((at) => at < now);
}

function deferId({ key, number }: Attempt, n: number): string {
  return `undo ${n} deferred by attempt ${number} of ${key}`;
}

function rollbackId(effectKey: string, output: string | undefined): string {
  return `rollback of ${output ?? "what there is"} under ${effectKey}`;
}

function byKeyId(effectKey: string): string {
  return `undo by key ${effectKey}`;
}
