import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { SpanStatusCode } from "@opentelemetry/api";
import { otel } from "@runsheet/otel";
import { map, pipeline, step, when } from "@runsheet/runsheet";
import { RecordingHost, ReplayingHost, SuspendingHost } from "../../../tests/support/hosts.ts";
import { type } from "arktype";
import config from "../deno.json" with { type: "json" };
import { Tracing } from "./support/tracing.ts";

describe("the attributes of spans", () => {
  it("have the run, the path, the kind, the attempt and the wait before it", async () => {
    const tracing = new Tracing();
    const charge = step({
      name: "charge",
      retry: { count: 1, delay: 2 },
      run: (_ctx, { attempt }) => {
        if (attempt === 1) throw new Error("busy");
      },
    });
    const flow = pipeline({ name: "flow", steps: [pipeline({ name: "pay", steps: [charge] })] });
    await flow.run({}, { runId: "r1", observer: otel({ tracerProvider: tracing.provider }) });
    const run = { "runsheet.run.id": "r1" };
    const charged = { ...run, "runsheet.step.path": "pay/charge" };
    assertEquals(tracing.spans.map(({ name, attributes }) => [name, attributes]), [
      ["run flow", { ...run, "runsheet.step.kind": "pipeline" }],
      ["pay", { ...run, "runsheet.step.path": "pay", "runsheet.step.kind": "pipeline" }],
      ["charge", { ...charged, "runsheet.step.kind": "step", "runsheet.step.undos": [] }],
      ["attempt charge", { ...charged, "runsheet.attempt": 1, "error.type": "Error" }],
      ["attempt charge", { ...charged, "runsheet.attempt": 2, "runsheet.retry.delay_ms": 2 }],
    ]);
  });

  it("say which undo of which attempt it is, and how many have failed", async () => {
    const tracing = new Tracing();
    const charge = step({
      name: "charge",
      retry: { count: 1 },
      run: (_ctx, { attempt, defer }) => {
        defer("free", {});
        if (attempt === 1) throw new Error("busy");
      },
      rollback: () => Promise.reject(new Error("no refund")),
      undos: { free: () => {} },
    });
    const fail = step({ name: "fail", run: () => Promise.reject(new Error("no")) });
    const flow = pipeline({ name: "flow", steps: [charge, fail] });
    await flow.run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const undone = tracing.spans.filter(({ name }) => /^(undo|rollback) /.test(name));
    assertEquals(
      undone.map(({ attributes }) =>
        ["undo.kind", "undo.of_attempt", "not_undone"].map((name) => attributes[`runsheet.${name}`])
      ),
      [
        [undefined, undefined, 0],
        ["defer", 1, undefined],
        [undefined, undefined, 1],
        ["rollback", 2, undefined],
        ["defer", 2, undefined],
      ],
    );
    const steps = tracing.spans.map(({ attributes }) => attributes["runsheet.step.undos"]);
    assertEquals(steps.filter(Boolean), [["rollback", "free"], []]);
  });

  it("mark skipped steps", async () => {
    const tracing = new Tracing();
    const gift = step({ name: "gift", run: () => {} });
    const flow = pipeline({ name: "flow", steps: [when(() => false, gift)] });
    await flow.run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const skipped = tracing.spans.filter(({ attributes }) => attributes["runsheet.skipped"]);
    assertEquals(skipped.map(({ name }) => name), ["when(gift)"]);
  });

  it("mark calls that a host has answered from its record", async () => {
    const charge = step({ name: "charge", run: () => ({ chargeId: "c" }), retry: { count: 1 } });
    const host = new RecordingHost();
    await charge.run({}, { host });
    const tracing = new Tracing();
    const observer = otel({ tracerProvider: tracing.provider });
    await charge.run({}, { host: new ReplayingHost(host.outcomes), observer });
    const replayed = tracing.spans.filter(({ attributes }) => attributes["runsheet.replayed"]);
    assertEquals(replayed.map(({ name }) => name), ["attempt charge"]);
  });

  it("say which spans a host has interrupted, which are no errors", async () => {
    const tracing = new Tracing();
    const observer = otel({ tracerProvider: tracing.provider });
    const flow = pipeline({
      name: "flow",
      steps: [step({ name: "charge", run: () => {} }), step({ name: "ship", run: () => {} })],
    });
    const host = new SuspendingHost(new RecordingHost(), (id) => id === "ship@1");
    await assertRejects(() => flow.run({}, { observer, host }), Error, "suspended");
    assertEquals(
      tracing.spans.map(({ name, status, attributes }) => [
        name,
        status.code,
        attributes["runsheet.interrupted"],
        attributes["error.type"],
      ]),
      [
        ["run flow", SpanStatusCode.UNSET, "Error", undefined],
        ["charge", SpanStatusCode.UNSET, undefined, undefined],
        ["ship", SpanStatusCode.UNSET, "Error", undefined],
      ],
    );
  });

  it("have the same name for every item, whose path has its index", async () => {
    const tracing = new Tracing();
    const send = step({ name: "send", run: () => {} });
    const mails = map("mails", () => [1, 2], send, { as: "to" });
    await pipeline({ name: "flow", steps: [mails] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const paths = tracing.named("send").map(({ attributes }) => attributes["runsheet.step.path"]);
    assertEquals(paths, ["map(mails)[0]/send", "map(mails)[1]/send"]);
  });

  it("name the library and its version as the scope", async () => {
    const tracing = new Tracing();
    const hello = step({ name: "hello", run: () => {} });
    await hello.run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    const { name, version } = tracing.spans[0]!.instrumentationScope;
    assertEquals([name, version], [config.name, config.version]);
  });
});

describe("a span that failed", () => {
  async function failWith(error: unknown): Promise<ReadableSpan> {
    const tracing = new Tracing();
    const charge = step({ name: "charge", run: () => Promise.reject(error) });
    await pipeline({ name: "flow", steps: [charge] })
      .run({}, { observer: otel({ tracerProvider: tracing.provider }) });
    return tracing.named("run flow")[0]!;
  }

  it("has the status ERROR, the message, and where it failed, but no exception event", async () => {
    const { status, attributes, events } = await failWith(new Error("declined"));
    assertEquals(status, { code: SpanStatusCode.ERROR, message: "declined" });
    assertEquals(attributes["runsheet.failed_step"], "charge");
    assertEquals(events, []);
  });

  it("has the error's code as its type, or else its name", async () => {
    const typeOf = async (error: unknown) => (await failWith(error)).attributes["error.type"];
    assertEquals(await typeOf(Object.assign(new Error("x"), { code: "ECONNRESET" })), "ECONNRESET");
    assertEquals(await typeOf(new RangeError("x")), "RangeError");
    assertEquals(await typeOf(Object.assign(new RangeError("x"), { code: "" })), "RangeError");
    assertEquals(await typeOf(Object.assign(new RangeError("x"), { code: 20 })), "RangeError");
    assertEquals(await typeOf("a text"), "UNKNOWN");
  });

  it("shows neither args, data nor values that a schema has refused", async () => {
    const tracing = new Tracing();
    const secret = "s3cret";
    const issue = step({ name: "issue", run: () => ({ issued: secret }) });
    const check = step({ name: "check", requires: type({ token: "string.uuid" }), run: () => {} });
    const verify = step({
      name: "verify",
      provides: type({ token: "string.uuid" }),
      run: () => ({ token: secret }),
    });
    for (const last of [check, verify]) {
      const flow = pipeline({
        name: "flow",
        argsSchema: type({ token: "string" }),
        steps: [issue, last],
      });
      await flow.run({ token: secret }, { observer: otel({ tracerProvider: tracing.provider }) });
    }
    assertEquals(tracing.named("run flow").map(({ attributes }) => attributes["error.type"]), [
      "REQUIRES_VALIDATION",
      "PROVIDES_VALIDATION",
    ]);
    const told = JSON.stringify(
      tracing.spans.map((
        { name, attributes, status, events },
      ) => [name, attributes, status, events]),
    );
    assert(!told.includes(secret), told);
  });
});
