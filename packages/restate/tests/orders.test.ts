import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { codec, type RunEnd } from "@runsheet/runsheet/durable";
import { Server, skipWithoutServer, soon } from "./support/server.ts";
import { Worker } from "./support/worker.ts";

const { encode, decode } = codec();
const args = JSON.parse(encode({ at: new Date(7) }));

describe("a pipeline on Restate", { skip: skipWithoutServer }, () => {
  const folder = mkdtempSync(join(tmpdir(), "orders-"));
  const told = join(folder, "told");
  writeFileSync(told, "");
  let server: Server;
  let worker: Worker;
  before(async () => {
    server = await Server.start();
    worker = await Worker.begin("order_worker", ["first", told]);
    await server.register(worker.uri);
  });
  after(async () => {
    await worker.kill();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** The effects of the workers for a run. */
  function doneBy(runId: string): readonly string[] {
    return readFileSync(told, "utf8").split("\n").filter((line) => line.includes(`${runId}/`));
  }

  /** Begins a run; resolves once it waits for its approval, with its invocation. */
  async function begin(runId: string): Promise<string> {
    const { invocationId } = JSON.parse(await server.call(`order/${runId}/run/send`, args));
    const waits = `select id from sys_journal
      where id = '${invocationId}' and entry_lite_json like '%GetPromise%approval/1%'`;
    while ((await server.query(waits)).length === 0) await soon();
    return invocationId;
  }

  /** Replaces the worker by one of another version. */
  async function deploy(version: string): Promise<void> {
    await worker.kill();
    worker.start([version, told]);
    await worker.isUp();
  }

  async function hasStatus(id: string, status: string): Promise<boolean> {
    const query = `select id from sys_invocation where id = '${id}' and status = '${status}'`;
    return (await server.query(query)).length > 0;
  }

  async function hasFailed(id: string, sentence: string): Promise<boolean> {
    const events = `select event_json from sys_journal_events where id = '${id}'`;
    return JSON.stringify(await server.query(events)).includes(sentence);
  }

  async function resume(id: string): Promise<void> {
    if (await hasStatus(id, "paused")) {
      await fetch(`${server.admin}/invocations/${id}/resume`, { method: "PATCH" });
    }
    await soon();
  }

  async function endOf(runId: string): Promise<RunEnd> {
    const response = await fetch(`${server.ingress}/restate/workflow/order/${runId}/attach`);
    return decode(await response.text()) as RunEnd;
  }

  it("takes an event from before its beginning, and restores values that JSON would lose", async () => {
    await server.call("order/early/send", { name: "approval", data: { by: "ann" } });
    const end = decode(await server.call("order/early/run", args));
    const data = { at: new Date(7), by: "ann", reserve: "reserve", ship: "ship" };
    assertEquals(end, { success: true, data, stepsExecuted: ["reserve", "approval", "ship"] });
    assertEquals(doneBy("early"), ["reserve early/order/reserve 7", "ship early/order/ship 7"]);
  });

  it("refuses a second run with the same id, which changes nothing", async () => {
    const begun = await begin("twice");
    const other = { at: { $: "date", value: "8" } };
    const again = await server.call("order/twice/run/send", other);
    assertEquals(JSON.parse(again), { invocationId: begun, status: "PreviouslyAccepted" });
    await assertRejects(
      () => server.call("order/twice/run", other),
      Error,
      "the workflow method was already invoked",
    );
    await server.call("order/twice/send", { name: "approval" });
    assert((await endOf("twice")).success);
    assertEquals(doneBy("twice"), ["reserve twice/order/reserve 7", "ship twice/order/ship 7"]);
  });

  it("refuses args that no codec has written", async () => {
    await assertRejects(
      () => server.call("order/odd/run", { $: "what" }),
      Error,
      "Cannot decode a record as its tag must be known: current value is what",
    );
  });

  it("rolls back a run that is cancelled, and refuses to cancel one that has not begun", async () => {
    await assertRejects(
      () => server.call("order/none/cancel"),
      Error,
      "Cannot cancel run 'none' of 'order' as it must have begun: it has not",
    );
    await begin("cancelled");
    await server.call("order/cancelled/cancel");
    const end = await endOf("cancelled");
    assert(!end.success);
    assertEquals([end.failedStep, end.completed], ["approval", ["reserve"]]);
    assertStringIncludes(end.error.message, "CancelledError");
    assertEquals(doneBy("cancelled").at(-1), "undo reserve cancelled/order/reserve");
  });

  it("ends a run that is cancelled before a worker has begun it like any other", async () => {
    await worker.kill();
    const { invocationId: id } = JSON.parse(await server.call("order/unbegun/run/send", args));
    await fetch(`${server.admin}/invocations/${id}/cancel`, { method: "PATCH" });
    await deploy("first");
    // While there was no worker, it may have been paused.
    while (!await hasStatus(id, "completed")) await resume(id);
    const end = await endOf("unbegun");
    assert(!end.success);
    assertEquals([end.failedStep, end.completed], ["<args>", []]);
    assertStringIncludes(end.error.message, "CancelledError");
    assertEquals(doneBy("unbegun"), []);
  });

  it("fails a step whose output is larger than Restate's messages once, and undoes it", async () => {
    const end = decode(await server.call("large/l/run", args)) as RunEnd;
    assert(!end.success);
    assertEquals(
      end.error.message,
      "Cannot record 'list' as what it returns must have at most 33554432 bytes: current value is 40000031",
    );
    assertEquals(doneBy("l"), ["list l/large/list", "undo list of 20000000 l/large/list"]);
  });

  it("cuts an error that is larger than Restate's messages, and undoes what was done", async () => {
    const end = decode(await server.call("huge/h/run", args)) as RunEnd;
    assert(!end.success);
    assertEquals([end.failedStep, end.completed], ["fails", ["reserve"]]);
    assert(end.error instanceof RangeError);
    assertEquals(end.error.message.length, 1_000);
    assertEquals(doneBy("h"), ["reserve h/huge/reserve 7", "undo reserve h/huge/reserve"]);
  });

  it("refuses what is no event, as no run would take it", async () => {
    for (const odd of [{}, "approval", null, { name: 5 }, { event: "approval" }]) {
      await assertRejects(
        () => server.call("order/odd/send", odd),
        Error,
        "Cannot send an event to run 'odd' of 'order' as it must be an object of its 'name' and " +
          `its 'data': current value is ${JSON.stringify(odd).replaceAll('"', '\\"')}`,
      );
    }
  });

  it("keeps a run when the server is killed, and refuses others until it is back", async () => {
    await begin("kept");
    await server.kill();
    await assertRejects(() => server.call("order/refused/run", args));
    await server.restart();
    await server.call("order/kept/send", { name: "approval" });
    assert((await endOf("kept")).success);
    assertEquals(doneBy("kept"), ["reserve kept/order/reserve 7", "ship kept/order/ship 7"]);
    assertEquals(doneBy("refused"), []);
  });

  it("reports to a server that is too old which versions it speaks", async () => {
    const session = connect(worker.uri);
    const request = session.request({
      ":method": "POST",
      ":path": "/invoke/order/run",
      "content-type": "application/vnd.restate.invocation.v3",
    });
    request.end();
    const answer = await text(request);
    session.destroy();
    assertStringIncludes(answer, "Unsupported protocol version V3, not within [V5 to V7]");
  });

  const changes = {
    renamed:
      "Cannot continue run 'renamed' of 'order' as every step that it began with must be there: 'reserve' is not",
    longer: "reserve@1 != check@1",
    v2: "Cannot continue run 'v2' of 'order' as its version must be undefined: current value is 2",
  };
  for (const [version, sentence] of Object.entries(changes)) {
    it(`pauses a run when its pipeline has changed (${version}), and loses nothing`, async () => {
      const id = await begin(version);
      await deploy(version);
      await server.call(`order/${version}/send`, { name: "approval" });
      // While there was no worker, it may have been paused as well.
      while (!await hasFailed(id, sentence)) await resume(id);
      while (!await hasStatus(id, "paused")) await soon();
      assertEquals(doneBy(version).length, 1);

      await deploy("first");
      await resume(id);
      assert((await endOf(version)).success);
      assertEquals(doneBy(version).length, 2);
    });
  }
});
