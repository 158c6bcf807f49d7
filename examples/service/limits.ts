// The shop's limits, in milliseconds and in cents, and the variables that set them.
import process from "node:process";

const {
  PAYMENT_TIMEOUT = "5000",
  REQUEST_TIMEOUT = "30000",
  APPROVAL_FROM = "100000",
  LEASE = "30000",
  RESUME_EVERY = "60000",
} = process.env;

interface Limits {
  /** One call of the payment provider. */
  payment: number;
  /** Everything that a client waits for, except an order. */
  request: number;
  /** One attempt of an undo, which no client waits for. */
  undo: number;
  /** The total from which an order needs an approval. */
  approvalFrom: number;
  /** The time that an order waits for its approval before it is undone. */
  approval: number;
  /** The time after which other processes take over the orders of one that does not respond. */
  lease: number;
  /** The time for the last answers to be sent before the process stops. */
  answer: number;
  /** The interval at which to look for orders to take over. */
  resumeEvery: number;
}

export const limits: Limits = {
  payment: Number(PAYMENT_TIMEOUT),
  request: Number(REQUEST_TIMEOUT),
  undo: 60_000,
  approvalFrom: Number(APPROVAL_FROM),
  approval: 24 * 60 * 60_000,
  lease: Number(LEASE),
  answer: 1_000,
  resumeEvery: Number(RESUME_EVERY),
};
