// Mistakes with the names of inputs.
import { pipeline, step, withInputs } from "@runsheet/runsheet";
import { type } from "arktype";

const send = step({
  name: "send",
  run: (ctx: { email: string; text: string }) => ({ mail: `${ctx.email}: ${ctx.text}` }),
});
const count = step({ name: "count", requires: type({ email: "string" }), run: () => {} });
const argsSchema = type({ ownerEmail: "string", text: "string" });

/** None of these is ever called. */
export const mistakes: Record<string, () => unknown> = {
  inputThatTheStepDoesNotNeed: () =>
    withInputs(send, {
      email: "ownerEmail",
      // @ts-expect-error step 'send' does not need 'subject'
      subject: "title",
    }),

  inputSpelledWrong: () =>
    // @ts-expect-error step 'count' does not need 'emial' (did you mean 'email'?)
    withInputs(count, { emial: "ownerEmail" }),

  inputOfAStepThatNeedsNothing: () =>
    withInputs(step({ name: "now", run: () => ({ at: 1 }) }), {
      // @ts-expect-error step 'now' does not need 'at'
      at: "start",
    }),

  nameThatIsNoString: () =>
    // @ts-expect-error Type 'number' is not assignable to type 'string'
    withInputs(send, { email: 1 }),

  noStep: () =>
    // @ts-expect-error this is not a step
    withInputs({ name: "send", run: () => {} }, { email: "ownerEmail" }),

  nameThatNothingProvides: () =>
    pipeline({
      name: "p",
      argsSchema,
      steps: [
        // @ts-expect-error step 'send' needs { ownerEmial: string } which nothing before it provides (did you mean 'ownerEmail'?)
        withInputs(send, { email: "ownerEmial" }),
      ],
    }),

  nameOfAnotherType: () =>
    pipeline({ name: "p", argsSchema: type({ owner: "number", text: "string" }) })
      // @ts-expect-error step 'send' needs { owner: string } but by then it is { owner: number }
      .step(withInputs(send, { email: "owner" })),

  oldNameWhereTheNewOneIsNeeded: () =>
    // @ts-expect-error 'email' does not exist in type '{ text: string; ownerEmail: string; }'
    withInputs(send, { email: "ownerEmail" }).run({ email: "ada", text: "hello" }),
};
