// Runs a charge that lands after an abort, with caller's callbacks that throw and with or without a
// grace period. Prints the result, the undos and the unhandled errors.
import process from "node:process";
import { pipeline, step } from "@runsheet/runsheet";

process.on("unhandledRejection", (error) => console.log(`unhandled ${error}`));

const callback = () => {
  throw new Error(`from ${process.argv[2]}`);
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
