// Checks how npm users consume the tarball besides running it: linters inspect the package, and
// bundlers build the three programs of tools/fixtures/bundled. After `deno task test:npm` has made
// the tarball: `deno run -A tools/gates/published.ts`.
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { dirname, join } from "node:path";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { members } from "../runner/packages.ts";
import { must, shell, write } from "../runner/shell.ts";
import config from "../../deno.json" with { type: "json" };

const folder = "npm/published";
const starter = "examples/starter/README.md";

/**
 * Both must report no problem: publint exits with 0 if it has only suggestions, attw if there are
 * no types at all.
 */
const linters: Record<string, { command: (tarball: string) => string; says: RegExp }> = {
  publint: { command: (tarball) => `publint run ${tarball} --strict`, says: /All good!/ },
  attw: {
    command: (tarball) => `attw ${tarball} --profile esm-only --no-emoji --no-color --format ascii`,
    says: /OK \(ESM\)/,
  },
};

async function install(): Promise<void> {
  await must("clear", shell(`rm -rf ${folder} && cp -r tools/fixtures/bundled ${folder}`));
  await write(`${folder}/package.json`, {
    type: "module",
    dependencies: { [config.name]: "file:../package.tgz" },
    devDependencies: {
      "@arethetypeswrong/cli": "^0.18.5",
      "@rollup/plugin-node-resolve": "^16",
      esbuild: "^0.28.2",
      publint: "^0.3.25",
      rollup: "^4",
      vite: "^8",
    },
  });
  await must(
    "install the bundlers",
    shell("npm install --silent --no-audit --no-fund", { cwd: folder }),
  );
}

let installed: Promise<void> | undefined;

/** Runs a command in the folder where npm has installed the package and the tools. */
async function use(what: string, line: string): Promise<string> {
  await (installed ??= install());
  return (await must(what, shell(line, { cwd: folder }))).trimEnd();
}

/** The output of a program, and its size. */
async function tryProgram(path: string) {
  const { length } = await Deno.readTextFile(`${folder}/${path}`);
  return { prints: await use(`run ${path}`, `node ${path}`), length };
}

async function checkBundles(bundler: string): Promise<void> {
  const warnings = await use("bundle", `node bundle.js ${bundler} all.js some.js none.js`);
  assertEquals(warnings, "");
  const all = await tryProgram(`${bundler}/all.js`);
  assertEquals(all.prints, (await tryProgram("all.js")).prints);
  const some = await tryProgram(`${bundler}/some.js`);
  assertEquals(some.prints, "booked 10\nfreed 30\noffline");
  assertLess(some.length, 0.8 * all.length, "what a program does not use must be left out");
  const none = await tryProgram(`${bundler}/none.js`);
  assertEquals(none.prints, "nothing used");
  assertLess(none.length, 100, "a program that uses nothing must have nothing of the package");
}

/** The installed package has the exports of deno.json, with types, and the documents. */
async function checkContents(): Promise<void> {
  await (installed ??= install());
  const root = `${folder}/node_modules/${config.name}`;
  const manifest = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  assertEquals(Object.keys(manifest.exports), Object.keys(config.exports));
  const files = Object.values<Record<string, string>>(manifest.exports).flatMap((targets) => {
    assertEquals(Object.keys(targets), ["types", "import", "default"]);
    return Object.values(targets);
  });
  for (
    const file of [...files, "README.md", "LICENSE", "CHANGELOG.md", "llms.txt", "docs/guide.md"]
  ) {
    assert((await Deno.stat(`${root}/${file}`)).size > 0, `${file} must not be empty`);
  }
  for (const page of ["README.md", "llms.txt", "docs/recipes.md", "docs/failure.md", starter]) {
    const text = await Deno.readTextFile(`${root}/${page}`);
    for (const [link] of text.matchAll(/(?<=\]\()[^):#]+(?=[)#])/g)) {
      await Deno.stat(join(root, dirname(page), link));
    }
  }
}

export const publishedParts: Part[] = [
  check("contents of the npm package", checkContents),
  ...Object.entries(linters).map(([name, { command, says }]) =>
    check(`${name} of the npm packages`, async () => {
      for (const tarball of ["package", ...members.map(({ folder }) => folder)]) {
        const line = `npx --no-install ${command(`../${tarball}.tgz`)}`;
        assertMatch(await use(name, line), says);
      }
    })
  ),
  ...["esbuild", "rollup", "vite"].map((name) =>
    check(`bundles of ${name}`, () => checkBundles(name))
  ),
];

if (import.meta.main) await finish(() => runParts(publishedParts));
