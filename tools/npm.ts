// Builds the npm packages, installs their tarballs in empty projects and tests them there:
// `deno task test:npm`, or for some targets only: `deno task test:npm bun@1`.
import { examplesOn } from "./gates/examples.ts";
import { workerParts } from "./gates/worker.ts";
import { consumerOn, exampleParts, makeApp, otherTscParts } from "./runner/app.ts";
import { memberApps, memberParts } from "./runner/member_app.ts";
import { pack } from "./runner/pack.ts";
import { after, check, finish, type Part, runParts } from "./runner/report.ts";
import { findAll, targets, testsOn } from "./runner/runtimes.ts";
import { smokeOnWorkerd, testsOnWorkerd } from "./runner/workerd.ts";

export const build: Part = check("npm packages", async () => {
  await pack();
  await makeApp();
});

if (import.meta.main) {
  await finish(async () => {
    const wanted = Deno.args.length > 0 ? Deno.args : [...targets, "workerd"];
    const runtimes = await findAll(wanted.filter((target) => target !== "workerd"));
    const edge = wanted.includes("workerd") ? [testsOnWorkerd, smokeOnWorkerd, ...workerParts] : [];
    const apps = after([build], memberApps);
    const examples = after([build], exampleParts);
    const compiled = [...examples, ...after([build], otherTscParts)];
    return await runParts([
      build,
      ...apps,
      ...compiled,
      ...after(examples, runtimes.map(testsOn)),
      ...after([build], edge),
      ...after(apps, memberParts(runtimes)),
      ...after(compiled, [...runtimes.map(consumerOn), ...runtimes.flatMap(examplesOn)]),
    ]);
  });
}
