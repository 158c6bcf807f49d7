// A charge by a client that is one of the deps.
import { type Step, step } from "@runsheet/runsheet";

/** A client that remembers its charges. */
export class Stripe {
  readonly charges: number[] = [];
  charge(amount: number): string {
    return `charge ${this.charges.push(amount)}`;
  }
}

/** A step that charges by the client, and is undone by it. */
export const charge: Step<
  "charge",
  { stripe: Stripe; amount: number },
  { chargeId: string }
> = step({
  name: "charge",
  run: (ctx: { stripe: Stripe; amount: number }) => ({ chargeId: ctx.stripe.charge(ctx.amount) }),
  rollback: ({ stripe }) => stripe.charges.pop(),
});
