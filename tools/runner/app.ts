// Makes npm/app, an empty project that installs the tarball as users do, with the examples, the
// consumers of tools/fixtures/consumer and the tests.
import { join } from "node:path/posix";
import { bundle, must, run, shell, write } from "./shell.ts";
import { check, type Part } from "./report.ts";
import { core } from "./packages.ts";
import { testFiles, writeBatches } from "./batches.ts";
import { batches, type Runtime } from "./runtimes.ts";
import config from "../../deno.json" with { type: "json" };

/** The versions of TypeScript that must compile users' code. */
export const compilers: Record<string, string> = {
  "typescript-5.6": "~5.6",
  "typescript-5.9": "~5.9",
  "typescript-6": "^6",
  "typescript-7": "^7",
};
/** Bundles and runs Workers; miniflare includes workerd. */
const edgeRanges = { esbuild: "^0.28", miniflare: "^4" };
const emitter = "typescript-5.9";

export async function makeApp(): Promise<void> {
  const aliases = Object.entries(compilers)
    .map(([alias, range]) => [alias, `npm:typescript@${range}`]);
  await must("clear npm/app", shell("rm -rf npm/app && mkdir -p npm/app"));
  await write("npm/app/package.json", {
    type: "module",
    dependencies: {
      [core.name]: "file:../package.tgz",
      // The examples send traces.
      "@runsheet/otel": "file:../packages/otel.tgz",
      ...core.npmRanges,
    },
    devDependencies: { "@types/node": "^24", ...Object.fromEntries(aliases), ...edgeRanges },
  });
  await write("npm/app/tsconfig.json", {
    compilerOptions: {
      target: "es2022",
      lib: ["es2022"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // Declarations of vendors are theirs to check. Ours are checked with the user of a library.
      skipLibCheck: true,
      declaration: true,
      allowImportingTsExtensions: true,
      rootDir: ".",
      outDir: "out",
      paths: { "@std/assert": ["./std/assert.d.ts"], "@std/testing/types": ["./std/types.ts"] },
    },
    include: ["consumer", "examples", "types"],
    // Gates of their own check these: see tools/gates/.
    exclude: ["service", "starter", "temporal", "worker", "playground"].map((name) =>
      `examples/${name}`
    ),
  });
  await write("npm/app/tsconfig.service.json", {
    extends: "./tsconfig.json",
    include: ["examples/service"],
    exclude: [],
  });
  await must(
    "install the tarball",
    shell("npm install --silent --no-audit --no-fund", { cwd: "npm/app" }),
  );
  // The compiled examples in out need their data there.
  const copies = "cp -r ../../tools/fixtures/consumer consumer && " +
    "cp -r ../../tests/types types && rm types/*.txt && mkdir std support && " +
    "cp ../../tests/support/results.ts support && " +
    "cp ../../tools/std/assert/mod.d.ts std/assert.d.ts && " +
    "cp ../../tools/std/testing/types.ts std/types.ts && " +
    "cp -r ../../examples examples && cp -r ../../tools/fixtures/edge edge && " +
    "mkdir out && cp -r examples out/examples";
  await must("copy the examples", shell(copies, { cwd: "npm/app" }));
  const externals = [...Object.keys(core.npmRanges), core.name, "@runsheet/otel"];
  await bundle("npm/app/tests", testFiles("tests"), externals, "--sourcemap=linked");
  await writeBatches(
    `npm/app/tests/${batches}`,
    ".js",
    (path) => `../${path.slice("tests/".length).replace(/ts$/, "js")}`,
  );
}

/** Compiles the consumers, the examples and the tests of types, strictly, with a compiler. */
function tscParts([alias, range]: [alias: string, range: string]): Part[] {
  // One compiler is enough to write the JavaScript; the oldest could not.
  const emits = alias === emitter;
  const out = emits ? "out" : `out-${alias}`;
  const flags = emits
    ? "--allowImportingTsExtensions false --rewriteRelativeImportExtensions"
    : `--emitDeclarationOnly --outDir ${out}`;
  const tsc = `node node_modules/${alias}/bin/tsc`;
  const compile = (what: string, line: string) =>
    must(`compile ${what} with TypeScript ${range}`, shell(line, { cwd: "npm/app" }));
  return [
    check(`tsc ${range}`, async () => {
      await compile("what users write", `${tsc} ${flags}`);
      const library = `${out}/consumer/library`;
      await write(`npm/app/${library}/tsconfig.json`, {
        extends: "../../../tsconfig.json",
        compilerOptions: { noEmit: true, skipLibCheck: false },
        files: ["uses.ts", "entries.ts"],
        include: [],
      });
      const entries = Object.keys(config.exports).map((path) => join(core.name, path));
      await write(
        `npm/app/${library}/entries.ts`,
        [...entries, "@runsheet/otel"].map((name) => `import type {} from "${name}";`).join("\n"),
      );
      await compile(
        "a user of a library",
        `cp consumer/library/uses.ts ${library} && ${tsc} -p ${library}`,
      );
    }),
    ...emits
      ? [check(
        `tsc of examples/service ${range}`,
        async () => void await compile("the service", `${tsc} ${flags} -p tsconfig.service.json`),
      )]
      : [],
  ];
}

const ofCompilers = Object.entries(compilers);
/** Writes the JavaScript of the examples, which tests on Node and Bun run. */
export const exampleParts: Part[] = ofCompilers
  .filter(([alias]) => alias === emitter).flatMap(tscParts);
export const otherTscParts: Part[] = ofCompilers
  .filter(([alias]) => alias !== emitter).flatMap(tscParts);

/** Runs the compiled code of a consumer on a runtime. */
export function consumerOn({ name, version, path }: Runtime): Part {
  return check(
    `tools/fixtures/consumer on ${name} ${version}`,
    () => must("run the consumer", run([path, "out/consumer/checkout.js"], { cwd: "npm/app" })),
  );
}
