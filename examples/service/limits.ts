// Time limits, in milliseconds: PAYMENT_TIMEOUT for one call of the payment provider,
// REQUEST_TIMEOUT for everything a client waits for.
import process from "node:process";

const { PAYMENT_TIMEOUT = "5000", REQUEST_TIMEOUT = "30000" } = process.env;

interface Limits {
  payment: number;
  request: number;
  /** One attempt of an undo, which no client waits for. */
  undo: number;
}

export const limits: Limits = {
  payment: Number(PAYMENT_TIMEOUT),
  request: Number(REQUEST_TIMEOUT),
  undo: 60_000,
};
