// Builds the npm package, installs its tarball in an empty project and tests
// it there: `deno task test:npm`, or some targets: `deno task test:npm bun@1`.
import { consumerOn, makeApp, tscParts } from "./app.ts";
import { examplesOn } from "./examples.ts";
import { pack } from "./pack.ts";
import { check, finish, type Part, runParts } from "./report.ts";
import { find, type Runtime, targets, testsOn } from "./runtimes.ts";
import { workerParts } from "./worker.ts";
import { smokeOnWorkerd, testsOnWorkerd } from "./workerd.ts";

export const build: Part = check("npm package", async () => {
  await pack();
  await makeApp();
});

/** Finds runtimes one after another, as npx keeps them all in one place. */
export async function findAll(wanted: string[]): Promise<Runtime[]> {
  const runtimes: Runtime[] = [];
  for (const target of wanted) runtimes.push(await find(target));
  return runtimes;
}

if (import.meta.main) {
  await finish(async () => {
    const wanted = Deno.args.length > 0 ? Deno.args : [...targets, "workerd"];
    const runtimes = await findAll(wanted.filter((target) => target !== "workerd"));
    const edge = wanted.includes("workerd") ? [testsOnWorkerd, smokeOnWorkerd, ...workerParts] : [];
    return [
      ...await runParts([build]),
      ...await runParts(tscParts),
      ...await runParts([...runtimes.map(testsOn), ...edge]),
      ...await runParts([...runtimes.map(consumerOn), ...runtimes.flatMap(examplesOn)]),
    ];
  });
}
