// Runs a Worker in workerd, by miniflare, until it is killed:
// node server.ts SCRIPT PERSIST WORLD_PORT [STEPS]
import { Miniflare } from "miniflare";

const [, , scriptPath = "", persist = "", world = "", steps] = process.argv;
const className = "Runs";
const mf = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  workflowsPersist: persist,
  workers: [{
    name: "app",
    modules: true,
    scriptPath,
    compatibilityDate: "2026-04-01",
    // arktype tries eval while loading, when it is allowed, and later fails without it.
    compatibilityFlags: ["disallow_eval_during_startup"],
    workflows: {
      RUNS: {
        name: "runs",
        className,
        scriptName: "app",
        ...(steps && { stepLimit: Number(steps) }),
      },
    },
    bindings: { WORLD_URL: `http://127.0.0.1:${world}` },
    serviceBindings: { WORLD: { external: { address: `127.0.0.1:${world}`, http: {} } } },
  }],
});
console.log(`listens at ${await mf.ready}`);
