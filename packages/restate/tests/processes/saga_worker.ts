// A worker that runs the saga of conform() for Restate, and reports its events to the test.
import process from "node:process";
import { serveWorkflows } from "./serve_workflows.ts";
import { restate } from "@runsheet/restate";
import { saga } from "@runsheet/runsheet/testing";

const [, , port = "", url = "", waitMs = "", name = "", inactivityMs = ""] = process.argv;

const outside = {
  async tell(event: unknown) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(event) });
    return await response.json();
  },
};
const workflow = restate(saga(outside, { waitMs: Number(waitMs) }), {
  lateMs: 60_000,
  onLate: () => {},
  workflow: {
    ...(inactivityMs !== "" && { inactivityTimeout: Number(inactivityMs) }),
    retryPolicy: { initialInterval: 50, maxInterval: 200, maxAttempts: 1_000_000 },
  },
});
// Several tests use one server.
await serveWorkflows([{ ...workflow, name }], Number(port));
