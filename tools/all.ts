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
import { build } from "./npm.ts";
import { consumerOn, tscParts } from "./runner/app.ts";
import { memberApps, memberParts } from "./runner/member_app.ts";
import { check, countJUnit, finish, judge, type Part, runParts } from "./runner/report.ts";
import { findAll, targets, testsOn } from "./runner/runtimes.ts";
import { deno, must } from "./runner/shell.ts";
import { smokeOnWorkerd, testsOnWorkerd } from "./runner/workerd.ts";

const checks = check(
  "format, lint, types, docs, publish",
  () => must("pass the checks", deno(["task", "check"])),
);

const size = check("size of the core", () => must("stay small", deno(["task", "size"])));

const testsOnDeno: Part = {
  name: `deno ${Deno.version.deno}`,
  run: async () => {
    const report = ".cov/junit.xml";
    await Deno.remove(report).catch(() => {});
    const ended = await deno(["task", "test:deno"]);
    const [, branches, , lines] = /All files.*/.exec(ended.output)?.[0].split("|") ?? [];
    if (lines) {
      console.log(`coverage: ${lines.trim()} % of lines, ${branches?.trim()} % of branches`);
    }
    const xml = await Deno.readTextFile(report).catch(() => "");
    return judge(ended, countJUnit(xml));
  },
};

// A part that needs another's result is in a later row.
await finish(async () => {
  const [first, runtimes] = await Promise.all([
    runParts([checks, build]),
    findAll(targets),
  ]);
  return [
    ...first,
    ...await runParts([
      ...memberApps,
      size,
      ...tscParts,
      ...messageParts,
      ...hoverParts,
      ...costParts,
      ...editorParts,
    ]),
    ...await runParts([
      ...publishedParts,
      ...drawnParts,
      ...playgroundParts,
      ...vitestParts,
      ...starterParts(runtimes),
    ]),
    ...await runParts([
      testsOnDeno,
      ...runtimes.map(testsOn),
      testsOnWorkerd,
      smokeOnWorkerd,
      ...memberParts(runtimes),
    ]),
    ...await runParts([
      ...runtimes.map(consumerOn),
      ...examplesOnDeno(),
      ...runtimes.flatMap(examplesOn),
      ...workerParts,
    ]),
  ];
});
