import type { Call } from "../../api/host.ts";

/** A request of a call to the other side. */
export interface Effect {
  /** The call's id with the effect's number in it: `"chargePayment@1!effect1"`. */
  readonly id: string;
  readonly call: Call;
  /** Its number in the call, from 1. */
  readonly number: number;
  /** The effect's name in the ledger. */
  readonly what: string;
}
