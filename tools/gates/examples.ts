// Runs every example and checks its output: `deno task examples` for Deno only,
// `deno task test:npm` for the others.
import { join } from "node:path";
import { deno, type Ended, run } from "../runner/shell.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import type { Runtime } from "../runner/runtimes.ts";

interface Example {
  path: string;
  /** The task that runs it on Deno, or the file without permissions. */
  command: string[];
  args: string[];
  /** Its exit code. */
  exits: number;
  /** The required parts of its output. */
  prints: RegExp;
  /** Whether it needs node:sqlite, which Node has from 22 on. */
  sqlite: boolean;
}

const checkout = { path: "examples/checkout/main.ts", command: ["task", "demo"], sqlite: true };

const examples: Example[] = [
  {
    ...checkout,
    args: [],
    exits: 0,
    prints:
      /^balance\n +holds[^]*the worst order, o-0099[^]*‼|↩ undo chargePayment[^]*worst_order\.html$/m,
  },
  { ...checkout, args: ["--break", "refund"], exits: 1, prints: /The balance does not hold/ },
  {
    path: "examples/importer/main.ts",
    command: [
      "run",
      "--allow-read=examples",
      "--allow-env",
      "--allow-sys",
      "examples/importer/main.ts",
    ],
    args: [],
    exits: 0,
    prints: /^\d+ lines written/m,
    sqlite: true,
  },
  small("examples/onboarding.ts", /^workspaces: ws-of-alice, ws-of-carol$/m),
  small("examples/quick_start.ts", /^failed: .* undone: chargePayment$/m),
];

function small(path: string, prints: RegExp): Example {
  return { path, command: ["run", path], args: [], exits: 0, prints, sqlite: false };
}

/** Examples that tests/examples/service*.test.ts and tools/gates/playground.ts start. */
const elsewhere = ["examples/service/main.ts", "examples/playground/main.ts"];

/** The parts of the test run that run the examples on Deno, from their sources. */
export function examplesOnDeno(): Part[] {
  const all = check("every example is in the list of tools/gates/examples.ts", () => {
    const listed = new Set([...elsewhere, ...examples.map(({ path }) => path)]);
    const missing = mains("examples").filter((path) => !listed.has(path));
    if (missing.length > 0) throw new Error(`Cannot leave an example untested: ${missing}`);
  });
  return [
    all,
    ...examples.map((example) =>
      check(`${title(example)} on deno`, async () => {
        verify(example, await deno([...example.command, ...example.args]));
      })
    ),
  ];
}

/** The parts of the test run that run them on another runtime, compiled in npm/app/out. */
export function examplesOn({ name, version, path }: Runtime): Part[] {
  const hasSqlite = name !== "node" || Number.parseInt(version) >= 22;
  return examples.flatMap((example) => {
    const where = `${title(example)} on ${name} ${version}`;
    if (example.sqlite && !hasSqlite) {
      console.log(`${where}: not run, it has no node:sqlite`);
      return [];
    }
    const file = join("out", example.path.replace(/ts$/, "js"));
    return [check(where, async () => {
      verify(example, await run([path, file, ...example.args], { cwd: join("npm", "app") }));
    })];
  });
}

function title({ path, args }: Example): string {
  return [path, ...args].join(" ");
}

/** The files that start an example: examples/<name>.ts, examples/<name>/main.ts. */
function mains(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return mains(path);
    const starts = name === "main.ts" ||
      (folder === "examples" && name.endsWith(".ts"));
    return starts ? [path] : [];
  });
}

function verify({ exits, prints }: Example, { code, output }: Ended): void {
  if (code === exits && prints.test(output)) return;
  throw new Error(
    `Cannot accept an example as it must exit with ${exits} and print ${prints}: current exit code is ${code}\n${output}`,
  );
}

if (import.meta.main) await finish(() => runParts(examplesOnDeno()));
