// What comes from outside of a run, in forms that nobody expects: no effect may be lost by it.
import { describe, it } from "node:test";
import { cloudflare, send } from "@runsheet/cloudflare";
import { deps, pipeline, step, waitFor } from "@runsheet/runsheet";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Instance, WorkflowEntrypoint } from "./support/platform.ts";

describe("an event of a Workflow", () => {
  function live(instance: Instance, ...events: string[]): Promise<unknown> {
    const steps = events.map((name) => waitFor(name)) as [never];
    const Order = cloudflare(WorkflowEntrypoint, pipeline({ name: "order", steps }));
    return instance.live(new Order({}, {}), {});
  }

  it("may be plain and look like anything, also like a message that has an id and a text", async () => {
    for (const payload of [{ id: "m1", text: "hello", by: "ann" }, { id: "m1", text: "{" }]) {
      const instance = new Instance();
      await instance.sendEvent({ type: "mail", payload });
      assertEquals(await live(instance, "mail"), { success: true, data: payload });
    }
  });

  it("is left aside, in a sentence, if its data cannot be taken, and the run takes the next one", async () => {
    const said: string[] = [];
    const { error } = console;
    console.error = (text) => void said.push(text);
    try {
      const instance = new Instance();
      const by = "@runsheet/cloudflare";
      for (const payload of [/x/, { by }, { by, id: "m1", text: "{" }, { fine: 1 }]) {
        instance.sendEvent({ type: "mail", payload });
      }
      assertEquals(await live(instance, "mail"), { success: true, data: { fine: 1 } });
    } finally {
      console.error = error;
    }
    assertEquals(said, [
      "Cannot take event 'mail' as its data must be data that can be recorded: it is a RegExp",
      "Cannot take event 'mail' as its data must be what 'send' has written",
      "Cannot take event 'mail' as its data must be what 'send' has written",
    ]);
  });

  it("takes a step, so that a run which receives too many is undone while it can be", async () => {
    const told: string[] = [];
    const instance = new Instance(60);
    const reserve = step({
      name: "reserve",
      run: () => void told.push("reserve"),
      rollback: () => void told.push("release"),
    });
    const flood = step({
      name: "flood",
      run: async () => {
        for (let n = 0; n < 40; n++) await send(instance, "mail", { n });
      },
    });
    const order = pipeline({
      name: "order",
      steps: [
        reserve,
        waitFor("mail"),
        flood,
        step({ name: "pay", run: () => void told.push("pay") }),
      ],
    });
    const Order = cloudflare(WorkflowEntrypoint, order, { steps: 60 });
    await send(instance, "mail");
    const output = await instance.live(new Order({}, {}), {}) as { success: boolean };
    assertEquals([output.success, told], [false, ["reserve", "release"]]);
  });

  it("may have a name of any length and of any characters", async () => {
    const instance = new Instance();
    const names = ["b", "a"].map((last) => `\n${"é".repeat(200)}${last}`);
    for (const name of names.toReversed()) await send(instance, name, { [name.at(-1)!]: 1 });
    assertEquals(await live(instance, ...names), { success: true, data: { a: 1, b: 1 } });
  });

  it("is refused in a sentence if nothing could take it", async () => {
    const instance = new Instance();
    for (const name of ["", undefined, 5]) {
      await assertRejects(
        () => send(instance, name as string),
        Error,
        `Cannot send an event as its name must be a string that is not empty: current value is ${
          JSON.stringify(name)
        }`,
      );
    }
    await assertRejects(
      () => send(instance, "mail", { reply() {} }),
      Error,
      "Cannot send 'mail' as its data must be data that can be recorded: it.reply is a function",
    );
  });
});

describe("a Workflow whose deps cannot be made", () => {
  it("waits for a deployment that can make them, and nothing is lost", async () => {
    const told: string[] = [];
    const order = pipeline({
      name: "order",
      deps: deps<{ db: string }>(),
      steps: [
        step({ name: "pay", run: () => void told.push("pay") }),
        waitFor("approval"),
        step({ name: "ship", run: ({ db }: { db: string }) => void told.push(`ship ${db}`) }),
      ],
    });
    const make = (env: { DB?: { name: string } }) => {
      const options = { deps: ({ DB }: Required<typeof env>) => ({ db: DB.name }) };
      const Order = cloudflare(WorkflowEntrypoint<typeof env>, order, options);
      return new Order({}, env);
    };
    const instance = new Instance();
    void instance.live(make({ DB: { name: "books" } }), {});
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve));
    const { error } = console;
    try {
      const printed = new Promise<string>((resolve, reject) => {
        console.error = resolve;
        instance.live(make({}), {}).catch(reject);
      });
      assertStringIncludes(
        await printed,
        "Cannot continue run 'run-1' of 'order' as 'deps' must make its deps: TypeError",
      );
    } finally {
      console.error = error;
    }
    await send(instance, "approval");
    assertEquals(await instance.live(make({ DB: { name: "books" } }), {}), {
      success: true,
      data: {},
    });
    assertEquals(told, ["pay", "ship books"]);
  });
});
