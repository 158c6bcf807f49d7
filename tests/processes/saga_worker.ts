// A worker that runs the saga of conform() over a store, and reports its events to the test.
import process from "node:process";
import { durable } from "@runsheet/runsheet/durable";
import { saga, sagaEnd } from "@runsheet/runsheet/testing";
import { openSagaStore } from "../support/saga_store.ts";

const [, , place = "", url = "", waitMs = "", args = ""] = process.argv;

const outside = {
  async tell(event: unknown) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(event) });
    return await response.json();
  },
};
const store = openSagaStore(place);
const runs = durable(saga(outside, { waitMs: Number(waitMs) }), { store, leaseMs: 300 });
const own = JSON.parse(args);
console.log(JSON.stringify(sagaEnd(await runs.run(own, { runId: own.runId }))));
process.exit();
