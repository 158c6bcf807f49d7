// Makes npm/apps/otel for packages/otel, and so on: a project that installs the package's
// tarball beside that of the core, as users do; and runs the package's tests there. Its tests may have
// three folders besides: app/, with a main.ts that such a user writes; edge/, with Workers that test
// the package by themselves: each is named after the compatibility flag that it needs, or `no_flag`;
// and miniflare/, with tests for Node that run Workers in miniflare. These import as they do in the
// repository, whose folders `source` has.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { testFiles } from "./batches.ts";
import { core, members, type Package } from "./packages.ts";
import { check, type Part } from "./report.ts";
import { find, runTests, type Runtime } from "./runtimes.ts";
import { bundle, must, run, shell, write } from "./shell.ts";
import { runWorker } from "./workerd.ts";

/** Not every version of Node: the vendors test their SDKs themselves. */
const versions = /^(20|24)\./;

function appOf({ folder }: Package): string {
  return `npm/apps/${basename(folder)}`;
}

/** The parts that make the apps of the packages. */
export const memberApps: Part[] = members.map((member) =>
  check(`app of ${member.folder}`, () => makeMemberApp(member))
);

/** Where an app has what its Workers and their tests import, as the repository has it. */
const source = "source";

/** Tools that the tests of a folder need beside the package. */
const tools: Record<string, Record<string, string>> = {
  app: { typescript: "^5.9" },
  // It includes workerd.
  edge: { esbuild: "^0.28", miniflare: "^4" },
  miniflare: {
    esbuild: "^0.28",
    miniflare: "^4",
    typescript: "^5.9",
    "@cloudflare/workers-types": "^4",
  },
};

async function makeMemberApp(member: Package): Promise<void> {
  const { folder, name, npmRanges } = member;
  const app = appOf(member);
  const parts = Object.keys(tools).filter((part) => existsSync(`${folder}/tests/${part}`));
  await must(`clear ${app}`, shell(`rm -rf ${app} && mkdir -p ${app}`));
  await write(`${app}/package.json`, {
    type: "module",
    dependencies: {
      [core.name]: "file:../../package.tgz",
      [name]: `file:../../${folder}.tgz`,
      ...npmRanges,
    },
    devDependencies: Object.assign({ "@types/node": "^24" }, ...parts.map((part) => tools[part])),
  });
  await write(`${app}/tsconfig.json`, {
    compilerOptions: {
      target: "es2022",
      lib: ["es2022"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      declaration: true,
      outDir: "out",
    },
    include: ["app"],
  });
  await must(
    `install ${name}`,
    shell("npm install --silent --no-audit --no-fund", { cwd: app }),
  );
  for (const part of parts) {
    const into = part === "miniflare" ? `${source}/${folder}/tests` : ".";
    await copyInto(app, into, `${folder}/tests/${part}`);
  }
  if (parts.includes("miniflare")) {
    await copyInto(app, source, "examples");
    await copyInto(app, `${source}/tests`, "tests/support");
  }
  const externals = [core.name, name, ...Object.keys(npmRanges)];
  await bundle(`${app}/tests`, testFiles(`${folder}/tests`), externals, "--sourcemap=linked");
}

async function copyInto(app: string, into: string, path: string): Promise<void> {
  const copy = `mkdir -p ${app}/${into} && cp -r ${path} ${app}/${into}`;
  await must(`copy ${path}`, shell(copy));
}

/** The parts that test the packages where they are installed. */
export function memberParts(runtimes: Runtime[]): Part[] {
  const tried = runtimes.filter(({ name, version }) => name !== "node" || versions.test(version));
  return members.flatMap((member) => [
    ...tried.map((runtime) => testsOf(member, runtime)),
    ...workersOf(member),
    ...inMiniflare(member),
    ...programOf(member, tried),
  ]);
}

function testsOf(member: Package, runtime: Runtime): Part {
  const { name, version } = runtime;
  return {
    name: `${member.folder} on ${name} ${version}`,
    run: () => runTests(runtime, `${appOf(member)}/tests`),
    waits: true,
  };
}

function workersOf(member: Package): Part[] {
  const folder = `${member.folder}/tests/edge`;
  const files = existsSync(folder)
    ? [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
    : [];
  return files.map(({ name: file }) => {
    const name = file.replace(/\.ts$/, "");
    const flags = name === "no_flag" ? [] : [name];
    return check(
      `${folder}/${file} on workerd`,
      () => must(`run ${file}`, runWorker(appOf(member), name, "", flags)),
    );
  });
}

/** Tests that run Workers in miniflare, their types first. */
function inMiniflare(member: Package): Part[] {
  const folder = `${member.folder}/tests/miniflare`;
  if (!existsSync(folder)) return [];
  const cwd = appOf(member);
  return [{
    name: `${folder} on workerd`,
    run: async () => {
      await write(`${cwd}/${source}/tsconfig.json`, {
        extends: "../tsconfig.json",
        compilerOptions: {
          // Those of Node and of Workers declare the same globals.
          skipLibCheck: true,
          lib: ["esnext"],
          types: ["node", "@cloudflare/workers-types"],
          allowImportingTsExtensions: true,
          noEmit: true,
        },
        include: ["packages"],
      });
      await must("check their types", shell(`npx tsc -p ${source}`, { cwd }));
      // Node 24 runs TypeScript as it is.
      return await runTests(await find("node@24"), cwd, testsIn(cwd, `${source}/${folder}`));
    },
  }];
}

function testsIn(cwd: string, folder: string): string[] {
  const names = [...Deno.readDirSync(`${cwd}/${folder}`)].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".test.ts")).map((name) => `${folder}/${name}`);
}

function programOf(member: Package, runtimes: Runtime[]): Part[] {
  if (!existsSync(`${member.folder}/tests/app`)) return [];
  const cwd = appOf(member);
  const path = `${member.folder}/tests/app`;
  return [
    check(`${path} on ${runtimes.map(({ name }) => name).join(", ")}`, async () => {
      await must(`compile ${path}`, shell("npx tsc", { cwd }));
      for (const { name, version, path: runtime } of runtimes) {
        await must(`run ${path} on ${name} ${version}`, run([runtime, "out/main.js"], { cwd }));
      }
    }),
  ];
}
