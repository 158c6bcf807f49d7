import type { Call } from "../api/host.ts";

/**
 * The grammar of paths, ids and keys. Reports and errors identify places by paths, hosts keep
 * their records by ids, and other systems know effects by keys. They are a persisted format, and
 * only this file builds or parses it.
 *
 * | what                             | form                            | example                 |
 * | -------------------------------- | ------------------------------- | ----------------------- |
 * | label of a node                  | escaped name, `#n` if not first | `log#2`                 |
 * | path of a child                  | `path/label`                    | `fulfil/ship`           |
 * | path of an item                  | `path[index]`                   | `map(mails)[3]/send`    |
 * | boundary of a pipeline           | `path/<args>`, `path/<output>`  | `fulfil/<output>`       |
 * | predicate                        | `path?`, `path?label`           | `choice(a, b)?a`        |
 * | attempt                          | `path@n`                        | `charge@2`              |
 * | path in an attempt of a pipeline | `path@n/label`, `@n/label`      | `payment@2/charge`      |
 * | wait before an attempt           | `path@n!wait`, `undo@n!wait`    | `charge@2!wait`         |
 * | rollback of the standing success | `path!undo`                     | `charge!undo`           |
 * | rollback of a late attempt       | `path@n!undo`                   | `charge@1!undo`         |
 * | deferred undo of an attempt      | `path@n!deferk`                 | `charge@1!defer2`       |
 * | undo by key                      | `path!key`, `path~g!key`        | `charge~2!key`          |
 * | args, collection                 | `path!args`, `path!items`       | `map(mails)!items`      |
 * | timeout, wait for an event       | `path!timeout`, `path!event`    | `approval!event`        |
 * | answer of a pipeline's `retryIf` | `path@n!retry`                  | `payment@1!retry`       |
 * | sleep                            | `path!sleep`                    | `three days!sleep`      |
 * | wait before an undo by key       | `path!wait`, `path~g!wait`      | `charge!wait`           |
 * | retry of an undo                 | `undo@n`                        | `charge!undo@2`         |
 * | span of a rollback               | `path!rollback`, `path@n!…`     | `charge@1!rollback`     |
 * | span of a late attempt           | `path@n!late`                   | `charge@1!late`         |
 * | key of an effect                 | `run/name/path`, `…~g`          | `o-1/checkout/charge~2` |
 *
 * The ids that belong to a predicate start with the predicate's id instead of a path:
 * `choice(a, b)?a@1!defer1`. A key ends in `~g` once something under the previous key has been
 * undone or is due to be undone. Spans have the ids of their calls and waits, and two forms of
 * their own, which no host sees. Names are escaped: otherwise a step called `a/b` could be mistaken
 * for step `b` of pipeline `a` and share its key. In keys, `%u20AC` stands for a character that a
 * header refuses.
 */
const MARKS = /[%/@!?[~<]/g;

/** Escapes a name for use in paths. */
export function labelOf(name: string): string {
  return name.replace(MARKS, (mark) => `%${codeOf(mark)}`);
}

function codeOf(unit: string): string {
  return unit.charCodeAt(0).toString(16).toUpperCase();
}

/** Turns the names of siblings into unique labels: the second `log` is `log#2`. */
export function labels(names: readonly string[]): readonly string[] {
  const plain = names.map(labelOf);
  const taken = new Set(plain);
  const counts = new Map<string, number>();
  return plain.map((name) => {
    let count = (counts.get(name) ?? 0) + 1;
    // Another sibling may actually be named `log#2`.
    while (count > 1 && taken.has(`${name}#${count}`)) count++;
    counts.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}

/** The path of a child; the root pipeline of a run has the path `""`. */
export function join(path: string, label: string): string {
  return path === "" ? label : `${path}/${label}`;
}

/** The path in reports and errors, where the attempts of pipelines do not appear. */
export function stepPath(path: string): string {
  return path.includes("@") ? path.replaceAll(/^@\d+\/|@\d+/g, "") : path;
}

/** The path of an item of a collection. */
export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** The index in the path of an item; `undefined` for other paths. */
export function itemIndex(path: string): number | undefined {
  if (!path.endsWith("]")) return undefined;
  const [, index] = /\[(\d+)\]$/.exec(path) ?? [];
  return index === undefined ? undefined : +index;
}

/** The id of a predicate; `label` names the branch of a choice. */
export function predicateId(path: string, label = ""): string {
  return `${path}?${label}`;
}

/** The id of an attempt. */
export function attemptId(path: string, attempt: number): string {
  return `${path}@${attempt}`;
}

/** The id of a call. Only a step's id includes the number of its first attempt. */
export function callId(kind: Call["kind"], id: string, attempt: number): string {
  return kind !== "attempt" && attempt === 1 ? id : attemptId(id, attempt);
}

/** The id of the wait before an attempt. */
export function waitId(id: string, attempt: number): string {
  return `${id}@${attempt}!wait`;
}

/** The id of the rollback of a late attempt; without `attempt`, of the standing success. */
export function rollbackId(path: string, attempt?: number): string {
  return attempt === undefined ? `${path}!undo` : `${path}@${attempt}!undo`;
}

/** The id of the n-th undo that an attempt deferred. */
export function deferId(path: string, attempt: number, n: number): string {
  return `${path}@${attempt}!defer${n}`;
}

/** The id of the undo by a key. */
export function keyUndoId(path: string, generation: number): string {
  return `${withGeneration(path, generation)}!key`;
}

/** The id of the wait before the undo by a key. */
export function keyWaitId(path: string, generation: number): string {
  return `${withGeneration(path, generation)}!wait`;
}

/** The id of the span of a rollback; `id` is that of the step, item or attempt. */
export function rollbackSpanId(id: string): string {
  return `${id}!rollback`;
}

/** The id of the span of an attempt that was given up. */
export function lateId(id: string): string {
  return `${id}!late`;
}

/** The id of a node's own record or wait. */
export function recordId(path: string, record: NonNullable<Id["record"]>): string {
  return `${path}!${record}`;
}

/** The key of an effect within its run. */
export function withGeneration(path: string, generation: number): string {
  return generation === 1 ? path : `${path}~${generation}`;
}

/**
 * What a header refuses or strips. No two keys become the same one: `%u` is escaped too, which no
 * path contains, and only the id of a run may.
 */
const NOT_IN_HEADERS = /[^ -~]|^ | $|%(?=u)/g;

/**
 * The key by which other systems know an effect, fit for a header; `root` is the name of the
 * pipeline that runs, or `""` for a step.
 */
export function keyOf(runId: string, root: string, key: string): string {
  return `${runId}/${join(labelOf(root), key)}`
    .replace(NOT_IN_HEADERS, (unit) => `%u${codeOf(unit).padStart(4, "0")}`);
}

/** The name of a deferred undo in reports. */
export function deferredName(path: string): string {
  return `${path} (deferred)`;
}

/** The name of an undo by key in reports, if the step also has a rollback. */
export function byKeyName(path: string): string {
  return `${path} (by key)`;
}

/** A parsed id. */
export interface Id {
  /** The path of the step. */
  readonly path: string;
  /** For a predicate: the branch of a choice, or `""`. */
  readonly predicate?: string;
  /** The attempt of the step or predicate. */
  readonly attempt?: number;
  /** The generation of the key, from 1. */
  readonly generation?: number;
  /** The kind of undo; absent for an attempt, a key or a predicate. */
  readonly undo?: "undo" | "key" | "defer";
  /** The number of the deferred undo within its attempt. */
  readonly defer?: number;
  /** The attempt of the undo, from 2. */
  readonly undoAttempt?: number;
  /** The record of a node: its validated args, collection, timeout, wait, or `retryIf`'s answer. */
  readonly record?: "args" | "items" | "timeout" | "sleep" | "event" | "retry";
  /** Present for a wait. */
  readonly isWait?: true;
}

const ID =
  /^(?<path>(?:[^@!?~]|@\d+\/)*)(?:\?(?<predicate>[^@!?~]*))?(?:@(?<attempt>\d+)|~(?<generation>\d+))?(?:!(?<undo>undo|key|defer)(?<defer>\d+)?(?:@(?<undoAttempt>\d+))?)?(?<isWait>!wait)?(?:!(?<record>args|items|timeout|sleep|event|retry))?$/;

/** Parses an id built by the functions above; `undefined` for any other string. */
export function parseId(id: string): Id | undefined {
  const groups = ID.exec(id)?.groups;
  if (!groups) return undefined;
  const { path = "", predicate, undo, isWait, record } = groups;
  const number = (name: string) => groups[name] === undefined ? {} : { [name]: +groups[name] };
  const parsed: Id = {
    path,
    ...(predicate === undefined ? {} : { predicate }),
    ...number("attempt"),
    ...(undo === "key" ? { generation: 1 } : {}),
    ...number("generation"),
    ...(undo === undefined ? {} : { undo: undo as NonNullable<Id["undo"]> }),
    ...number("defer"),
    ...number("undoAttempt"),
    ...(isWait && { isWait: true }),
    ...(record === undefined ? {} : { record: record as NonNullable<Id["record"]> }),
  };
  return buildId(parsed) === id ? parsed : undefined;
}

function buildId(parsed: Id): string | undefined {
  const { path, predicate, attempt, generation = 1, undo, defer, undoAttempt, isWait } = parsed;
  if (parsed.record) {
    return recordId(attempt === undefined ? path : attemptId(path, attempt), parsed.record);
  }
  const base = predicate === undefined ? path : predicateId(path, predicate);
  const [id, n] = undo
    ? [undoId(base, parsed), undoAttempt]
    : attempt === undefined
    ? [withGeneration(base, generation), undefined]
    : [base, attempt];
  if (defer === 0 || n === 0 || undoAttempt === 1) return undefined;
  if (n !== undefined) return isWait ? waitId(id, n) : attemptId(id, n);
  if (!isWait) return id;
  return undo || predicate !== undefined ? undefined : keyWaitId(path, generation);
}

function undoId(path: string, { attempt, generation = 1, undo, defer }: Id): string {
  if (undo === "key") return keyUndoId(path, generation);
  return undo === "undo" ? rollbackId(path, attempt) : deferId(path, attempt ?? 0, defer ?? 0);
}

export function withoutIndexes(path: string): string {
  return path.replaceAll(/\[\d+\]/g, "");
}

/** The id of a call without its attempt number. */
export function baseOf(
  { id, kind, attempt }: { readonly id: string; readonly kind: string; readonly attempt: number },
): string {
  return kind === "attempt" || attempt > 1 ? id.slice(0, id.lastIndexOf("@")) : id;
}

/** The path of the step behind a name in a report. */
export function stepOf(name: string): string {
  return name.replace(/ \((deferred|by key)\)$/, "");
}
