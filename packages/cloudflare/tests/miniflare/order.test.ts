// The platform's limits, and refusals, on the real workerd.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { App, bundle } from "./support/app.ts";
import { World } from "./support/world.ts";

describe("an order on Cloudflare Workflows", () => {
  let told: string[];
  let onTold = () => {};
  const world = new World((path, { name }: { name: string }) => {
    told.push(`${path} ${name}`);
    onTold();
  });
  let scripts: string[];
  let app: App;
  before(async () => {
    scripts = [await bundle("order", { VERSION: "1" }), await bundle("order", { VERSION: "2" })];
    app = new App(await world.listen(), 60);
    await app.start(scripts[0]!);
  });
  after(async () => {
    await app.stop();
    world.stop();
  });

  it("waits while its pipeline is another, and continues with the one that began it", async () => {
    told = [];
    const begun = new Promise<void>((resolve) => onTold = resolve);
    await app.create("order-1", { items: 0 });
    await begun;
    await app.kill();
    await app.start(scripts[1]!);
    const refusal = app.says("Cannot continue run 'order-1'");
    await app.create("order-1", { items: 0 });
    assert.equal(
      await refusal,
      "Cannot continue run 'order-1' of 'order' as every step that it began with must be there: 'reserve' is not",
    );
    assert.equal((await app.status("order-1")).status, "running");
    await app.kill();
    await app.start(scripts[0]!);
    await app.create("order-1", { items: 0 });
    for (const op of ["pause", "resume"]) await app.ask(op, { id: "order-1" });
    await app.ask("send", { id: "order-1", name: "approval" });
    const { status, output } = await app.ended("order-1");
    assert.deepEqual([status, (output as { success: boolean }).success], ["complete", true]);
    // Its outcome was unknown when it was killed.
    assert.deepEqual(new Set(told), new Set(["do reserve", "do large 300000"]));
  });

  it("is undone while it has steps for that", async () => {
    told = [];
    await app.create("order-2", { items: 100 });
    const { status, output } = await app.ended("order-2");
    const { success, rollback } = output as {
      success: boolean;
      rollback: { completed: string[]; failed: unknown[] };
    };
    assert.deepEqual([status, success, rollback.failed], ["complete", false, []]);
    const namesOf = (what: string) =>
      told.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length)).sort();
    assert.ok(namesOf("do ").length > 2);
    assert.deepEqual(namesOf("undo "), namesOf("do "));
  });

  it("waits under an id that is taken by other args, and continues with its own", async () => {
    told = [];
    await app.create("order-3", { items: 0 });
    while (!told.includes("do reserve")) await new Promise((resolve) => setTimeout(resolve, 10));
    await app.kill();
    await app.start(scripts[0]!);
    const refusal = app.says("Cannot continue run 'order-3'");
    await app.create("order-3", { items: 1 });
    assert.match(await refusal, /must have the args that it began with: these are others$/);
    for (const op of ["pause", "resume"]) await app.ask(op, { id: "order-3" });
    await app.ask("send", { id: "order-3", name: "approval" });
    const { status, output } = await app.ended("order-3");
    assert.deepEqual([status, (output as { success: boolean }).success], ["complete", true]);
    assert.deepEqual(new Set(told), new Set(["do reserve", "do large 300000"]));
  });

  it("does not exist under a wrong id", async () => {
    await assert.rejects(() => app.ask("send", { id: "nobody", name: "approval" }), /not_found/);
  });
});
