// All checks on every runtime: `deno task test`.
import { drawnParts } from "./gates/drawn.ts";
import { editorParts } from "./gates/editor.ts";
import { examplesOn, examplesOnDeno } from "./gates/examples.ts";
import { hoverParts } from "./gates/hovers.ts";
import { messageParts } from "./gates/messages.ts";
import { playgroundParts } from "./gates/playground.ts";
import { publishedParts } from "./gates/published.ts";
import { starterParts } from "./gates/starters.ts";
import { costParts } from "./gates/type_cost.ts";
import { vitestParts } from "./gates/vitest.ts";
import { workerParts } from "./gates/worker.ts";
import { denoParts } from "./deno.ts";
import { build } from "./npm.ts";
import { consumerOn, exampleParts, otherTscParts } from "./runner/app.ts";
import { memberApps, memberParts } from "./runner/member_app.ts";
import { after, check, finish, type Part, runParts } from "./runner/report.ts";
import { findAll, type Runtime, targets, testsOn } from "./runner/runtimes.ts";
import { deno, must } from "./runner/shell.ts";
import { smokeOnWorkerd, testsOnWorkerd } from "./runner/workerd.ts";

const checks = check(
  "format, lint, types, docs, publish",
  () => must("pass the checks", deno(["task", "check"])),
);

const size = check("size of the core", () => must("stay small", deno(["task", "size"])));

/**
 * The parts that need the npm packages, the longest first; but the apps before, as the tests there
 * mostly wait, one after the other.
 */
const onNpm = (runtimes: Runtime[]): Part[] => {
  const apps = after([build], memberApps);
  const examples = after([build], exampleParts);
  const others = after([build], otherTscParts);
  return [
    ...examples,
    ...apps,
    ...after(apps, memberParts(runtimes)),
    ...after(examples, runtimes.map(testsOn)),
    ...after([build], [testsOnWorkerd]),
    ...others,
    ...after([build], [
      ...costParts,
      ...messageParts,
      ...hoverParts,
      ...editorParts,
      ...publishedParts,
      ...vitestParts,
      ...starterParts(runtimes),
      ...workerParts,
      smokeOnWorkerd,
    ]),
    ...after([...examples, ...others], [
      ...runtimes.map(consumerOn),
      ...runtimes.flatMap(examplesOn),
    ]),
  ];
};

await finish(() => {
  const parts: Part[] = [
    ...denoParts,
    build,
    check("runtimes", async () => void parts.push(...onNpm(await findAll(targets)))),
    checks,
    ...after([build], [...drawnParts, ...playgroundParts]),
    size,
    ...examplesOnDeno(),
  ];
  return runParts(parts);
});
