// A worker that runs the saga of conform() on DBOS, and reports its events to the test.
import process from "node:process";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbos } from "@runsheet/dbos";
import { saga, sagaEnd } from "@runsheet/runsheet/testing";

const [, , systemDatabaseUrl = "", url = "", waitMs = "", json = ""] = process.argv;
const args = JSON.parse(json);

const outside = {
  async tell(event: unknown) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(event) });
    return await response.json();
  },
};
const runs = dbos(saga(outside, { waitMs: Number(waitMs) }));
DBOS.setConfig({
  // No other process takes over its run.
  name: args.runId,
  applicationVersion: `1 of ${args.runId}`,
  systemDatabaseUrl,
  runMigrations: false,
  logLevel: "error",
});
await DBOS.launch();
const result = await runs.run(args, { runId: args.runId });
console.log(JSON.stringify(sagaEnd(result)));
process.exit();
