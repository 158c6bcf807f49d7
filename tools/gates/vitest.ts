// vitest's fake clock moves every timeout and wait, in vitest itself. After `deno task test:npm` has
// packed the core: `deno run -A tools/gates/vitest.ts`.
import { core } from "../runner/packages.ts";
import { finish, judge, type Part, runParts } from "../runner/report.ts";
import { find } from "../runner/runtimes.ts";
import { bundle, must, run, shell, write } from "../runner/shell.ts";

const folder = "npm/vitest";

export const vitestParts: Part[] = [{
  name: "vitest's clock",
  run: async () => {
    await must("clear", shell(`rm -rf ${folder} && mkdir -p ${folder}`));
    await write(`${folder}/package.json`, {
      type: "module",
      dependencies: { [core.name]: "file:../package.tgz", vitest: "^5.1.2" },
    });
    await must(
      "install vitest",
      shell("npm install --silent --no-audit --no-fund", { cwd: folder }),
    );
    await bundle(folder, ["tools/fixtures/vitest/clock.test.ts"], ["vitest", core.name]);
    const node = await find("node@24");
    const ended = await run([node.path, "node_modules/vitest/vitest.mjs", "run"], { cwd: folder });
    const [summary = ""] = /^ *Tests .*$/m.exec(ended.output) ?? [];
    const count = (word: string) => Number(RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
    return judge(ended, {
      passed: count("passed"),
      failed: count("failed"),
      skipped: count("skipped"),
    });
  },
}];

if (import.meta.main) await finish(() => runParts(vitestParts));
