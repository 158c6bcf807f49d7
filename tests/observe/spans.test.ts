// Every kind of span: when it begins, its parent, and how it ends.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Middleware, parallel, pipeline, step, when } from "@runsheet/runsheet";
import type { Span } from "@runsheet/runsheet/observe";
import { seeSpans } from "../support/spans.ts";
import { boom, fail, logged, thrower } from "../support/steps.ts";

/** The fields of a span that are not undefined. */
function fieldsOf(span: Span | undefined): Record<string, unknown> {
  const fields = Object.entries(span ?? {});
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

describe("the spans of a run", () => {
  it("nest as the steps do, each with its attempt, and end before their parents", async () => {
    const { observer, tree, lines } = seeSpans();
    const inner = pipeline({ name: "inner", steps: [logged("b", [])] });
    await pipeline({ name: "outer", steps: [logged("a", []), inner] }).run({}, { observer });
    assertEquals(tree(), [
      "run ok",
      "  step a ok",
      "    attempt a@1 ok",
      "  step inner ok",
      "    step inner/b ok",
      "      attempt inner/b@1 ok",
    ]);
    assertEquals(lines.slice(-3), ["end step inner/b ok", "end step inner ok", "end run ok"]);
  });

  it("have the names, kinds and places of the steps", async () => {
    const { observer, spans } = seeSpans();
    const b = step({ name: "b", retry: { count: 2 }, run: () => {} });
    await pipeline({ name: "p", steps: [when(() => true, b)] }).run({}, { observer, runId: "r" });
    const [run, condition, predicate, child, attempt] = spans;
    assertEquals(fieldsOf(run), {
      kind: "run",
      id: "",
      path: "",
      name: "p",
      runId: "r",
      node: "pipeline",
    });
    assertEquals(fieldsOf(condition), {
      kind: "step",
      id: "when(b)",
      path: "when(b)",
      name: "when(b)",
      node: "when",
      runId: "r",
      parent: run,
    });
    assertEquals(predicate?.kind, "predicate");
    assertEquals([child?.path, child?.name, child?.node], ["when(b)/b", "b", "step"]);
    assertEquals(fieldsOf(attempt), {
      kind: "attempt",
      id: "when(b)/b@1",
      path: "when(b)/b",
      name: "b",
      attempt: 1,
      retries: 2,
      runId: "r",
      parent: child,
    });
  });

  it("have the run's id, even if the caller gives none", async () => {
    const { observer, spans } = seeSpans();
    const p = pipeline({ name: "p", steps: [logged("a", [])] });
    const { meta } = await p.run({}, { observer });
    assert(spans.length === 3 && meta.runId.length > 10);
    assert(spans.every(({ runId }) => runId === meta.runId));
  });

  it("have ids that are unique in the run, and the same in the next one", async () => {
    const all = parallel(logged("a", []), logged("b", []), fail);
    const p = pipeline({ name: "p", steps: [logged("c", []), all] });
    const ids = await Promise.all([1, 2].map(async () => {
      const { observer, spans } = seeSpans();
      await p.run({}, { observer });
      return spans.map(({ id }) => id);
    }));
    assertEquals(ids[0], ids[1]);
    assertEquals(new Set(ids[0]).size, ids[0]?.length);
    assert(ids[0]!.length > 10);
  });

  it("are frozen, and their ends, too", async () => {
    const { observer, spans, ends } = seeSpans();
    await fail.run({}, { observer });
    assert(spans.every((span) => Object.isFrozen(span) && Object.isFrozen(ends.get(span))));
  });

  it("end with the application's own error, the same object", async () => {
    const { observer, spans, ends } = seeSpans();
    await pipeline({ name: "p", steps: [fail] }).run({}, { observer });
    for (const span of spans) assertStrictEquals(ends.get(span)?.error, boom);
    assertEquals(ends.get(spans[0]!)?.failedStep, "fail");
  });

  it("of a step run alone are those of a run and its attempt", async () => {
    const { observer, tree } = seeSpans();
    await logged("a", []).run({}, { observer });
    assertEquals(tree(), ["run ok", "  attempt a@1 ok"]);
  });

  it("end even if the args or the options are refused", async () => {
    const { observer, tree } = seeSpans();
    const p = pipeline({ name: "p", steps: [] });
    await p.run(5 as never, { observer });
    await p.run({}, { observer, signal: 5 as never });
    const [args, options] = tree();
    assert(args?.startsWith("run failed: Cannot run 'p' as its args"), args);
    assert(options?.startsWith("run failed: Cannot run 'p' as 'signal'"), options);
  });

  it("do not begin for steps that never start after an abort", async () => {
    const { observer, tree } = seeSpans();
    const aborter = new AbortController();
    const first = step({ name: "first", run: () => aborter.abort() });
    await pipeline({ name: "p", steps: [first, logged("second", [])] })
      .run({}, { observer, signal: aborter.signal });
    assertEquals(tree().slice(1), ["  step first ok", "    attempt first@1 ok"]);
  });
});

describe("a skip", () => {
  it("is a step that is ok and has not run: because of its condition", async () => {
    const { observer, tree } = seeSpans();
    await pipeline({ name: "p", steps: [when(() => false, logged("a", []))] }).run({}, {
      observer,
    });
    assertEquals(tree().slice(1), ["  step when(a) ok (not run)", "    predicate when(a)? ok"]);
  });

  it("is a step that is ok and has not run: because a middleware answers in its place", async () => {
    const { observer, tree } = seeSpans();
    const middleware: Middleware[] = [() => () => ({ success: true, data: {} })];
    await pipeline({ name: "p", steps: [logged("a", [])], middleware }).run({}, { observer });
    assertEquals(tree().slice(1), ["  step a ok (not run)"]);
  });
});

describe("the span of a rollback", () => {
  it("holds the undos of a run in their order, each with the step that it undoes", async () => {
    const { observer, tree, spans } = seeSpans();
    const bad = step({ name: "bad", run: () => {}, rollback: () => Promise.reject(boom) });
    const inner = pipeline({ name: "inner", steps: [bad] });
    await pipeline({ name: "p", steps: [logged("a", []), inner, fail] }).run({}, { observer });
    assertEquals(tree().slice(-3), [
      "  rollback !rollback failed: boom",
      "    undo inner/bad!undo failed: boom",
      "    undo a!undo ok",
    ]);
    const undos = spans.filter(({ kind }) => kind === "undo");
    assertEquals(undos.map(({ of, path, name }) => [of?.id, path, name]), [
      ["inner/bad", "inner/bad", "bad"],
      ["a", "a", "a"],
    ]);
    assert(undos.every(({ of }) => of && spans.includes(of)));
  });

  it("names deferred undos as the report does", async () => {
    const { observer, spans } = seeSpans();
    const a = step({ name: "a", run: (_ctx, { defer }) => defer(() => {}) });
    const p = pipeline({ name: "p", steps: [pipeline({ name: "inner", steps: [a] }), fail] });
    const result = await p.run({}, { observer });
    const undo = spans.find(({ kind }) => kind === "undo");
    assertEquals([undo?.name, undo?.path], ["a (deferred)", "inner/a (deferred)"]);
    assertEquals(result.rollback?.completed, ["inner/a (deferred)"]);
  });

  it("says how many undos have failed, and each of these what it is", async () => {
    const { observer, spans, ends } = seeSpans();
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: (_ctx, { attempt }) => attempt === 1 ? thrower() : {},
      rollback: thrower,
      undoByKey: () => {},
    });
    const bare = step({ name: "bare", run: () => {} });
    await pipeline({ name: "p", steps: [bare, charge, fail] }).run({}, { observer });
    const [before, after] = spans.filter(({ kind }) => kind === "rollback");
    assertEquals([before, after].map((span) => ends.get(span!)?.notUndone), [0, 1]);
    const undos = spans.filter(({ kind }) => kind === "undo");
    assertEquals(undos.map(({ undo, ofAttempt }) => [undo, ofAttempt]), [
      ["undoByKey", undefined],
      ["rollback", 2],
    ]);
    assertEquals(spans.map(({ undos }) => undos).filter(Boolean), [
      [],
      ["rollback", "undoByKey"],
      [],
    ]);
  });

  it("is absent if there is nothing to undo", async () => {
    const { observer, spans } = seeSpans();
    const a = step({ name: "a", run: (_ctx, _info) => {} });
    await pipeline({ name: "p", steps: [a, fail] }).run({}, { observer });
    assertEquals(spans.filter(({ kind }) => kind === "rollback"), []);
  });

  it("is inside the step whose middleware has recovered from a failure", async () => {
    const { observer, tree } = seeSpans();
    const recover: Middleware = (_step, next) => async (ctx) => {
      await next(ctx);
      return { success: true, data: {} };
    };
    const inner = pipeline({ name: "inner", steps: [logged("a", []), fail] });
    await pipeline({ name: "p", steps: [inner], middleware: [recover] }).run({}, { observer });
    assertEquals(tree(), [
      "run ok",
      "  step inner ok",
      "    step inner/a ok",
      "      attempt inner/a@1 ok",
      "    step inner/fail failed: boom",
      "      attempt inner/fail@1 failed: boom",
      "    rollback inner!rollback ok",
      "      undo inner/a!undo ok",
    ]);
  });
});
