// A worker that serves the pipeline `order` in one of its versions, at the given port.
import { appendFileSync } from "node:fs";
import process from "node:process";
import { serveWorkflows } from "./serve_workflows.ts";
import { pipeline, step, waitFor } from "@runsheet/runsheet";
import { restate } from "@runsheet/restate";

const [, , port = "", version = "", told = ""] = process.argv;

const simple = (name: string) =>
  step({
    name,
    run: ({ at }: { at: Date }, { key }) => {
      appendFileSync(told, `${name} ${key} ${at.getTime()}\n`);
      return { [name]: name };
    },
    rollback: (_ctx, _output, { effectKey }) => appendFileSync(told, `undo ${name} ${effectKey}\n`),
  });
const approval = waitFor("approval");
const steps = {
  first: [simple("reserve"), approval, simple("ship")],
  renamed: [simple("book"), approval, simple("ship")],
  longer: [simple("check"), simple("reserve"), approval, simple("ship")],
}[version] ?? [simple("reserve"), approval, simple("ship")];
const order = pipeline({ name: "order", steps });

const large = pipeline({
  name: "large",
  steps: [
    step({
      name: "list",
      run: (_ctx: { at: Date }, { key }) => {
        appendFileSync(told, `list ${key}\n`);
        return { list: "é".repeat(20_000_000) };
      },
      rollback: (_ctx, { list }, { effectKey }) =>
        appendFileSync(told, `undo list of ${list.length} ${effectKey}\n`),
    }),
  ],
});

const huge = pipeline({
  name: "huge",
  steps: [
    simple("reserve"),
    step({
      name: "fails",
      run: () => Promise.reject(new RangeError("é".repeat(20_000_000))),
    }),
  ],
});

const workflow = restate(order, {
  version: version === "v2" ? "2" : undefined,
  workflow: { retryPolicy: { initialInterval: 20, maxInterval: 20, maxAttempts: 5 } },
});
await serveWorkflows([workflow, restate(large), restate(huge)], Number(port));
