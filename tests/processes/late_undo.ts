// Runs a charge that lands after its timeout and whose undo fails, however it is declared. Prints
// the result and who learns of the undo.
import process from "node:process";
import { step } from "@runsheet/runsheet";

process.on("unhandledRejection", (error) => console.log(`unhandled ${error}`));

const [how, listens] = process.argv.slice(2);
const fail = () => {
  throw new Error("no refund");
};
const charge = step({
  name: "charge",
  timeout: 5,
  idempotent: how === "idempotent",
  run: async (_ctx, { defer }) => {
    if (how === "defer") defer(fail);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return {};
  },
  ...((how === "rollback" || how === "idempotent") && { rollback: fail }),
  ...(how === "undoByKey" && { undoByKey: fail }),
  ...(how === "afterMs" && { undoByKey: { run: fail, afterMs: 5 } }),
});
const result = await charge.run({}, {
  ...(listens && { onLate: ({ outcome, error }) => console.log(`${outcome} ${error}`) }),
});
if (!result.success) console.log(result.error.name);
