import type { Call } from "../../api/host.ts";

/** What a call asked of the other side. */
export interface Effect {
  /** The call's id and the effect's number in it: `"chargePayment@1!effect1"`. */
  readonly id: string;
  /** The call. */
  readonly call: Call;
  /** Its number in the call, from 1. */
  readonly number: number;
  /** What it was, as the ledger says it. */
  readonly what: string;
}
