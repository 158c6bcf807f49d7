// Runs a charge that lands after an abort, with caller's callbacks that throw or reject and with or
// without a grace period. Prints the result and the undos. An unhandled error would end the process.
import process from "node:process";
import { pipeline, step } from "@runsheet/runsheet";

const callback = () => {
  const error = new Error(`from ${process.argv[2]}`);
  if (process.argv[4] === "rejects") return Promise.reject(error);
  throw error;
};
let land = () => {};
const charge = step({
  name: "charge",
  graceMs: Number(process.argv[3]),
  run: () => new Promise<void>((resolve) => land = resolve),
  rollback: () => console.log("undone"),
});
const aborter = new AbortController();
const running = pipeline({ name: "p", steps: [charge] }).run({}, {
  signal: aborter.signal,
  [process.argv[2] ?? ""]: callback,
});
setTimeout(() => {
  aborter.abort();
  setTimeout(land, 5);
}, 1);
const result = await running;
if (!result.success) console.log(result.error.name, result.failedStep);
