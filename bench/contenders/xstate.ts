// The checkout as a state machine of XState: no validation, no undo, no result.
import {
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  fromPromise,
  toPromise,
} from "xstate";
import type { Contender } from "../harness.ts";
import { type Bought, type Order, orders, type Work } from "../work.ts";
import { never } from "./hand_written.ts";

export function xstate(work: Work<false>): Contender {
  const stateOf = (name: keyof Work<false>, target: string) => ({
    invoke: {
      src: fromPromise<object, Bought>(({ input }) => work[name](input, never)),
      input: ({ context }: { context: Bought }) => context,
      onDone: {
        target,
        actions: assign(({ event }: { event: { output: object } }) => event.output),
      },
    },
  });
  const definition: unknown = {
    context: ({ input }: { input: Order }) => ({ ...input }),
    initial: "price",
    states: {
      price: stateOf("price", "charge"),
      charge: stateOf("charge", "confirm"),
      confirm: stateOf("confirm", "done"),
      done: { type: "final" },
    },
    output: ({ context }: { context: Bought }) => context,
  };
  const machine = createMachine(definition as never) as AnyStateMachine;
  const next = orders();
  return {
    name: "XState",
    run: () => toPromise(createActor(machine, { input: next() }).start()),
    outcome: (data) => data,
  };
}
