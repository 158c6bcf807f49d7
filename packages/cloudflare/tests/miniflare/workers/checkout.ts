// The checkout of examples/starter as a Workflow, with services that are the test's.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { cloudflare, type WorkflowEvent, type WorkflowStep } from "@runsheet/cloudflare";
import { makeCheckout } from "examples/starter/node/checkout.ts";
import { commands, type Env, tell } from "./support.ts";

interface Order {
  email: string;
  amount: number;
}

export class Runs extends WorkflowEntrypoint<Env, Order> {
  override run(event: WorkflowEvent<Order>, step: WorkflowStep): Promise<unknown> {
    const ask = async (path: string, body: object) => {
      const { refused } = await tell<{ refused?: string }>(this.env, path, body);
      if (refused !== undefined) throw new Error(refused);
    };
    const checkout = makeCheckout({
      charge: (key, amount) => ask("charge", { key, amount }),
      voidCharge: (key) => ask("void", { key }),
      sendMail: (to, text) => ask("mail", { to, text }),
    });
    const Checkout = cloudflare(WorkflowEntrypoint<Env, Order>, checkout);
    return Checkout.prototype.run.call(this, event, step);
  }
}

export default commands;
