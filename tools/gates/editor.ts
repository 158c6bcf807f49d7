// The cost of a completion after an edit in a pipeline, beside the same edit in plain code that calls
// the same functions. Types and instantiations are the same on every machine and have a budget. Times
// are printed for information, as their ratios vary by a factor of ten on a busy machine. After
// `deno task test:npm` has made npm/app: `deno run -A tools/gates/editor.ts`.
import { resolve } from "node:path";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { startServer } from "../runner/language_server.ts";
import { languageService } from "../runner/language_service.ts";
import { must, shell, write } from "../runner/shell.ts";

/** The pipeline by `steps`, by the builder, or no pipeline. */
type Form = "plain" | "steps" | "builder";

/** The place of the cursor: in a step's run, in a callback of the builder, in the data of a result. */
type Place = "run" | "callback" | "data";

const cases: readonly (readonly [Form, Place, ratio: number, perStep: number])[] = [
  ["steps", "run", 1.1, 0],
  ["builder", "callback", 10.5, 750],
  ["steps", "data", 8.5, 640],
  ["builder", "data", 11, 820],
];
const sizes = [20, 50];
const edits = 2;

/** The cost of a completion; its time is the fastest of a few. */
interface Cost {
  readonly ms: number;
  readonly types?: number;
  readonly instantiations?: number;
}

/** Edits the first step, and returns the names that are offered at a place. */
type Complete = (text: string, at: number) => Promise<{ names: readonly string[]; cost: Cost }>;

export const editorParts: Part[] = [
  check("completions of TypeScript 6", async () => {
    const { open } = languageService("typescript-6");
    await compare("TypeScript 6", 100, (name, text) => {
      const { path, service, edit } = open(`${name}.ts`, text);
      return (changed, at) => {
        const start = performance.now();
        edit(changed);
        const offered = service.getCompletionsAtPosition(path, at, {});
        const ms = performance.now() - start;
        const program = service.getProgram();
        const types = program.getTypeCount();
        const instantiations = program.getInstantiationCount();
        const names = offered?.entries.map(({ name }) => name) ?? [];
        return Promise.resolve({ names, cost: { ms, types, instantiations } });
      };
    });
  }),
  check("completions of TypeScript 7", async () => {
    const folder = resolve("npm/app/editor");
    await must("clear the folder", shell("rm -rf npm/app/editor && mkdir npm/app/editor"));
    const compiler = resolve("npm/app/node_modules/typescript-7/bin/tsc");
    const server = await startServer(["node", compiler, "--lsp", "--stdio"], folder);
    try {
      await compare("TypeScript 7", 40, async (name, text) => {
        // A project for each: an edit makes the compiler check all files of a project again.
        await Deno.mkdir(`${folder}/${name}`);
        await write(`${folder}/${name}/tsconfig.json`, {
          extends: "../../tsconfig.json",
          compilerOptions: { noEmit: true, skipLibCheck: true, rootDir: "." },
          include: ["*.ts"],
        });
        await Deno.writeTextFile(`${folder}/${name}/program.ts`, text);
        const uri = `file://${folder}/${name}/program.ts`;
        let version = 0;
        await server.notify("textDocument/didOpen", {
          textDocument: { uri, languageId: "typescript", version, text },
        });
        return async (changed, at) => {
          const lines = changed.slice(0, at).split("\n");
          const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
          const start = performance.now();
          await server.notify("textDocument/didChange", {
            textDocument: { uri, version: ++version },
            contentChanges: [{ text: changed }],
          });
          const params = { textDocument: { uri }, position };
          const answer = await server.request("textDocument/completion", params);
          const ms = performance.now() - start;
          const { items } = answer as { items: { label: string }[] };
          return { names: items.map(({ label }) => label), cost: { ms } };
        };
      });
    } finally {
      await server.close();
    }
  }),
];

/** Compares the costs in pipelines with those in plain code, one after the other. */
async function compare(
  compiler: string,
  goal: number,
  open: (name: string, text: string) => Complete | Promise<Complete>,
): Promise<void> {
  for (const size of sizes) {
    const completions = new Map<Form, Complete>();
    for (const form of ["plain", "steps", "builder"] as const) {
      completions.set(form, await open(`${form}${size}`, program(form, size)));
    }
    const measure = async (form: Form, place: Place, edit: number) => {
      const text = program(form, size, edit);
      const mark = `/*${place}*/`;
      const { names, cost } = await completions.get(form)!(text, text.indexOf(mark) + mark.length);
      const wanted = place === "run" ? `k${size / 2 - 1}` : `k${size - 1}`;
      if (names.includes(wanted)) return cost;
      throw new Error(
        `Cannot complete ${form} of ${size} steps, ${place}, with ${compiler} as it must offer ${wanted}: ` +
          `current value is ${names}`,
      );
    };
    for (const [form, place, ratio, perStep] of cases) {
      const costs = { plain: [] as Cost[], pipeline: [] as Cost[] };
      for (let edit = 1; edit <= edits; edit++) {
        costs.plain.push(await measure("plain", place, edit));
        costs.pipeline.push(await measure(form, place, edit));
      }
      const [plain, cost] = [costs.plain, costs.pipeline].map((of) =>
        of.reduce((best, next) => next.ms < best.ms ? next : best)
      ) as [Cost, Cost];
      const what = `${compiler}, ${size} steps, ${form}, ${place}`;
      const parts = [`${cost.ms.toFixed(0)} ms, ${(cost.ms / plain.ms).toFixed(1)} × plain code`];
      if (size === 50) parts.push(`goal of ${goal} ms ${cost.ms <= goal ? "met" : "missed"}`);
      if (cost.types && plain.types) {
        const factor = cost.types / plain.types;
        parts.push(`${cost.types} types, ${factor.toFixed(1)} × plain code`);
        parts.push(`${cost.instantiations} instantiations`);
        if (factor > ratio || cost.instantiations! > perStep * size) {
          throw new Error(
            `Cannot accept a completion of ${what} as it must cost ${ratio} times the types of plain code ` +
              `and ${perStep} instantiations per step at most: current value is ${
                parts.join(", ")
              }`,
          );
        }
      }
      console.log(`${what}: ${parts.join("; ")}`);
    }
  }
}

/** A program in which the first step was edited `edit` times. */
function program(form: Form, size: number, edit = 0): string {
  const numbers = Array.from({ length: size }, (_, n) => n);
  const args = numbers.filter((n) => n % 10 === 0).map((n) => `arg${n}: "x"`).join(", ");
  const last = `k${size - 1}`;
  return [
    ...form === "plain" ? [] : [`import { pipeline, step } from "@runsheet/runsheet";`],
    ...numbers.map((n) => {
      const definition = definitionOf(n, size, edit);
      return `const s${n} = ${form === "plain" ? definition : `step(${definition})`};`;
    }),
    ...form === "plain"
      ? [
        `const run = (c: { ${args.replaceAll(`"x"`, "string")} }) => {`,
        ...numbers.map((n) => {
          const before = n === 0 ? "c" : `c${n - 1}`;
          return `  const c${n} = { ...${before}, ...s${n}.run(${before}) };`;
        }),
        `  if (c${size - 1}./*callback*/${last} !== "") console.log("told");`,
        `  return c${size - 1};`,
        `};`,
        `const data = run({ ${args} });`,
      ]
      : [
        form === "steps"
          ? `const p = pipeline({ name: "p", steps: [${numbers.map((n) => `s${n}`).join(", ")}] });`
          : `const p = pipeline({ name: "p" })${numbers.map((n) => `.step(s${n})`).join("")}
               .when((ctx) => ctx./*callback*/${last} !== "", s0).build();`,
        `const result = await p.run({ ${args} });`,
        `if (!result.success) throw result.error;`,
        `const { data } = result;`,
      ],
    `console.log(data./*data*/${last});`,
    `export {};`,
  ].join("\n");
}

function definitionOf(n: number, size: number, edit: number): string {
  const needs = [n - 1, n - 2].filter((k) => k >= 0).map((k) => `k${k}: string`);
  if (n % 10 === 0) needs.push(`arg${n}: string`);
  const cursor = n === size / 2 ? "/*run*/" : "";
  const key = n === 0 ? "arg0" : `k${n - 1}`;
  return `{
    name: "s${n}",
    run: (ctx: { ${needs.join("; ")} }) => {
      const seen = ctx.${cursor}${key};
      const status = seen === "" ? "paid" as const : "due" as const;
      return { k${n}: seen, n${n}: ${n === 0 ? edit : n}, status${n}: status };
    },
  }`;
}

if (import.meta.main) await finish(async () => await runParts(editorParts));
