// Runs the library in a Worker without nodejs_compat, where nothing of Node is to be had.
import { pipeline, step } from "@runsheet/runsheet";
import { stub } from "@runsheet/runsheet/testing";
import { type } from "arktype";

const log: string[] = [];
let attempts = 0;

const reserve = step({
  name: "reserve",
  requires: type({ sku: "string > 0" }),
  run: () => void log.push("reserve"),
  rollback: () => void log.push("release"),
});

const charge = step({
  name: "charge",
  retry: { count: 2, delay: 1 },
  run: () => {
    if (++attempts < 3) throw new Error(`attempt ${attempts}`);
    return { chargeId: "c-1" };
  },
  rollback: (_ctx, { chargeId }) => void log.push(`refund ${chargeId}`),
});

const confirm = step({
  name: "confirm",
  timeout: 5,
  run: (_ctx, { signal }) =>
    new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
});

const checkout = pipeline({ name: "checkout", steps: [reserve, charge, confirm] });

async function smoke(): Promise<void> {
  const hung = await checkout.run({ sku: "tea" });
  const refused = await checkout.run({ sku: "" });
  const stopped = await checkout.run({ sku: "tea" }, { signal: AbortSignal.abort() });
  const outcomes = [hung, refused, stopped].map((result) => result.success || result.error.name);
  const seen = JSON.stringify([outcomes, log, typeof stub]);
  const expected = JSON.stringify([
    ["TimeoutError", "RequiresValidationError", "AbortedError"],
    ["reserve", "refund c-1", "release"],
    "function",
  ]);
  if (seen !== expected) throw new Error(`Expected ${expected}, got ${seen}`);
  if ("process" in globalThis || "Buffer" in globalThis) {
    throw new Error("This Worker must have nothing of Node");
  }
}

const worker: { test: () => Promise<void> } = { test: smoke };
export default worker;
