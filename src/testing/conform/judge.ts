import { isEqual } from "../../values/equal.ts";
import type { SagaEnd, SagaEvent } from "./adapter.ts";
import { STAGES } from "./saga.ts";
import { type Entry, isRollback, pointOf } from "./world.ts";

const MOST_SHOWN = 300;

/** The log of the outside world during a run, and the run's end. */
export interface Played {
  readonly log: readonly Entry[];
  readonly end: SagaEnd | undefined;
}

/** Compares a run that was killed with one that was not; returns a sentence for each fault. */
export function judge({ log, end }: Played, whole: Played): readonly string[] {
  const own = log.filter((entry) => entry.kind === "kill" || !entry.isFenced);
  const played = { log: own, end };
  return [
    ...new Set([
      ...refusal(end),
      ...fencedCalls(log),
      ...forgottenDecisions(played),
      ...forwardAfterRollback(played),
      ...repeatedCalls(own),
      ...changedKeys(played, whole),
      ...changedValues(played),
      ...otherEffects(played, whole),
      ...effectsLeft(played, whole),
      ...otherUndoOrder(played, whole),
      ...otherEnd(end, whole.end),
    ]),
  ];
}

/** What the engine says of a run that it has not carried out, before what follows from that. */
function refusal(end: SagaEnd | undefined): readonly string[] {
  const { failedStep, error } = end ?? {};
  const isRefused = failedStep === "<options>" || failedStep === "<store>";
  return isRefused ? [`it must not be refused at '${failedStep}': ${error?.message}`] : [];
}

function eventsOf({ log }: Played, ...moments: SagaEvent["moment"][]): readonly SagaEvent[] {
  return log.flatMap((entry) =>
    entry.kind === "told" && moments.includes(entry.event.moment) ? [entry.event] : []
  );
}

function stepsOf(events: readonly SagaEvent[]): readonly string[] {
  return [...new Set(events.map(({ step }) => step))];
}

function fencedCalls(log: readonly Entry[]): readonly string[] {
  return log.flatMap((entry) => {
    if (entry.kind === "kill" || !entry.isFenced) return [];
    const { moment, step } = entry.event;
    return moment === "call" || moment === "undo"
      ? [`a worker went on with '${step}' after another one had taken over its run`]
      : [];
  });
}

function forgottenDecisions(played: Played): readonly string[] {
  const events = eventsOf(played, "gave up", "call");
  const decided = events.findIndex(({ moment }) => moment === "gave up");
  const again = decided < 0 ? [] : events.slice(decided).filter(({ moment }) => moment === "call");
  return again.map(({ step }) =>
    `'${step}' was called after a timeout had ended the run: the decision was not recorded`
  );
}

function forwardAfterRollback(played: Played): readonly string[] {
  const events = eventsOf(played, "call", "undo");
  const began = events.findIndex(isRollback);
  const forward = began < 0 ? [] : events.slice(began).filter(({ moment }) => moment === "call");
  return forward.map(({ step }) =>
    `'${step}' was called after the rollback had begun: a run must not go forward again`
  );
}

/** A call may be made again only if a kill found it without a recorded outcome. */
function repeatedCalls(log: readonly Entry[]): readonly string[] {
  const problems: string[] = [];
  const last = new Map<string, number>();
  for (const [n, entry] of log.entries()) {
    if (entry.kind === "kill") continue;
    const { event } = entry;
    if (event.moment !== "call" && event.moment !== "undo") continue;
    const point = pointOf(event);
    const before = last.get(point);
    last.set(point, n);
    if (before === undefined) continue;
    const what = `${event.moment === "undo" ? "the undo of " : ""}'${event.step}'`;
    const between = log.slice(before + 1, n);
    const killed = between.findIndex(({ kind }) => kind === "kill");
    if (killed < 0) problems.push(`${what} was called again without a kill`);
    else if (between.slice(0, killed).some((entry) => proves(entry, event))) {
      problems.push(`${what} was called again, though it was over before the kill`);
    }
  }
  return problems;
}

/** Whether a later event proves that the call had ended, and so was recorded. */
function proves(entry: Entry, call: SagaEvent): boolean {
  if (entry.kind === "kill") return false;
  const { event } = entry;
  const isNext = event.step === call.step && event.attempt > call.attempt;
  if (call.moment === "undo") {
    return isNext || event.moment === "undo" && event.step !== call.step;
  }
  if (isRollback(event) || isNext) return true;
  if (event.step === call.step) return event.moment === "leave" || event.moment === "undo";
  return stageOf(event) > stageOf(call);
}

function stageOf({ step }: SagaEvent): number {
  return STAGES.findIndex((stage) => stage.includes(step));
}

function changedKeys(played: Played, whole: Played): readonly string[] {
  const expected = new Map(
    eventsOf(whole, "made", "undone").map((event) => [event.step, keyIn(event)]),
  );
  const changed = eventsOf(played, "made", "undone").filter((event) =>
    expected.has(event.step) && expected.get(event.step) !== keyIn(event)
  );
  return listed("sent with a key that has changed", stepsOf(changed));
}

/** The key within the run. */
function keyIn({ runId, key }: SagaEvent): string | undefined {
  return key?.startsWith(runId) ? key.slice(runId.length) : key;
}

function changedValues(played: Played): readonly string[] {
  const seen = new Map<string, number>();
  return eventsOf(played, "made").flatMap(({ step, saw = {} }) =>
    Object.entries(saw).flatMap(([name, value]) => {
      const first = seen.get(name) ?? value;
      seen.set(name, first);
      return first === value
        ? []
        : [`the ${name} that '${step}' saw were made again after another step had seen them`];
    })
  );
}

function otherEffects(played: Played, whole: Played): readonly string[] {
  const made = stepsOf(eventsOf(played, "made"));
  const expected = stepsOf(eventsOf(whole, "made"));
  const missing = expected.filter((step) => !made.includes(step));
  const more = made.filter((step) => !expected.includes(step));
  return [
    ...listed("never made, though the run went on", missing),
    ...listed("made, but not by a run that is not killed", more),
  ];
}

function effectsLeft(played: Played, whole: Played): readonly string[] {
  const live = liveIn(played);
  const expected = liveIn(whole);
  const left = [...live].filter((step) => !expected.has(step));
  const gone = [...expected].filter((step) => !live.has(step));
  return [
    ...listed("landed late, and left", left.filter((step) => step === "late")),
    ...listed("left though the run has failed", left.filter((step) => step !== "late")),
    ...listed("gone though the run has succeeded", gone),
  ];
}

/** The effects that are left at the end. */
function liveIn(played: Played): ReadonlySet<string> {
  const live = new Set<string>();
  for (const { moment, step, key } of eventsOf(played, "made", "undone")) {
    if (moment === "undone") live.delete(step);
    else if (key !== undefined) live.add(step);
  }
  return live;
}

function otherUndoOrder(played: Played, whole: Played): readonly string[] {
  const order = stepsOf(eventsOf(played, "undone").filter(isRollback));
  const expected = stepsOf(eventsOf(whole, "undone").filter(isRollback));
  if (order.length !== expected.length || isEqual(order, expected)) return [];
  return [`its undos came in another order than [${expected.join(", ")}]: [${order.join(", ")}]`];
}

function otherEnd(end: SagaEnd | undefined, expected: SagaEnd | undefined): readonly string[] {
  if (!end || !expected) return [];
  const names = ["success", "data", "error", "failedStep", "completed", "failed"] as const;
  // A cancellation may reach the run at any step, and its error names that step.
  const isCancelled = expected.error?.code === "ABORTED" && end.error?.code === "ABORTED";
  const compared = names.filter((name) =>
    !isCancelled || name !== "error" && name !== "failedStep"
  );
  return compared.filter((name) => !isEqual(end[name], expected[name])).map((name) =>
    `its result has another '${name}' than ${shown(expected[name])}: ${shown(end[name])}`
  );
}

function listed(problem: string, steps: readonly string[]): readonly string[] {
  return steps.length === 0 ? [] : [`${problem}: ${steps.join(", ")}`];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
