// What npm users do with the tarball besides running it: linters of packages look at it, and bundlers make programs with it,
// of which tools/bundled has three. After `deno task test:npm` has made the tarball: `deno run -A tools/published.ts`.
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { check, finish, type Part, runParts } from "./report.ts";
import { must, shell, write } from "./shell.ts";
import config from "../deno.json" with { type: "json" };

const folder = "npm/published";

/** How each bundler makes `<its name>/<program>` of a program. */
const bundlers: Record<string, string> = {
  esbuild: "esbuild $PROGRAM --bundle --format=esm --minify --log-level=warning --outdir=esbuild",
  rollup: "rollup $PROGRAM --plugin node-resolve --silent --dir rollup",
  vite: "vite build",
};

/** Both must say that all is well: publint ends with 0 when it has mere suggestions, attw when there are no types at all. */
const linters: Record<string, { command: string; says: RegExp }> = {
  publint: { command: "publint run ../package.tgz --strict", says: /All good!/ },
  attw: {
    command: "attw ../package.tgz --profile esm-only --no-emoji --no-color --format ascii",
    says: /OK \(ESM\)/,
  },
};

async function install(): Promise<void> {
  await must("clear", shell(`rm -rf ${folder} && cp -r tools/bundled ${folder}`));
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

/** Runs a tool that npm has installed. */
async function tool(name: string, line: string, program = ""): Promise<string> {
  await (installed ??= install());
  return await must(
    `use ${name}`,
    shell(`npx --no-install ${line}`, { cwd: folder, env: { PROGRAM: program } }),
  );
}

/** Bundles a program of tools/bundled, and gives what the bundle prints and its length. */
async function bundled(bundler: string, line: string, program: string) {
  await tool(bundler, line, program);
  const path = `${bundler}/${program}`;
  const { length } = await Deno.readTextFile(`${folder}/${path}`);
  return { prints: await printedBy(path), length };
}

async function printedBy(path: string): Promise<string> {
  return (await must(`run ${path}`, shell(`node ${path}`, { cwd: folder }))).trimEnd();
}

/** The package, as it is installed, has what deno.json exports, with types, and the documents. */
async function checkContents(): Promise<void> {
  await (installed ??= install());
  const root = `${folder}/node_modules/${config.name}`;
  const manifest = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  assertEquals(Object.keys(manifest.exports), Object.keys(config.exports));
  const files = Object.values<Record<string, string>>(manifest.exports).flatMap((targets) => {
    assertEquals(Object.keys(targets), ["types", "import", "default"]);
    return Object.values(targets);
  });
  for (const file of [...files, "README.md", "LICENSE", "CHANGELOG.md"]) {
    assert((await Deno.stat(`${root}/${file}`)).size > 0, `${file} must not be empty`);
  }
}

export const publishedParts: Part[] = [
  check("contents of the npm package", checkContents),
  ...Object.entries(linters).map(([name, { command, says }]) =>
    check(`${name} of the npm package`, async () => assertMatch(await tool(name, command), says))
  ),
  ...Object.entries(bundlers).map(([name, line]) =>
    check(`bundles of ${name}`, async () => {
      const all = await bundled(name, line, "all.js");
      assertEquals(all.prints, await printedBy("all.js"));
      const some = await bundled(name, line, "some.js");
      assertEquals(some.prints, "booked 10\nfreed 30\noffline");
      assertLess(some.length, 0.8 * all.length, "what a program does not use must be left out");
      const none = await bundled(name, line, "none.js");
      assertEquals(none.prints, "nothing used");
      assertLess(none.length, 100, "a program that uses nothing must have nothing of the package");
    })
  ),
];

if (import.meta.main) await finish(() => runParts(publishedParts));
