// The cost of the proofs to the compiler, in type instantiations, which are the same on every
// machine. After `deno task test:npm` has made npm/app: `deno run -A tools/gates/type_cost.ts`.
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { must, shell, write } from "../runner/shell.ts";

const folder = "npm/app/cost";
const newest = "typescript-7";
const oldest = "typescript-5.6";

/**
 * The ways to combine steps; `"none"` has the schemas, the steps and the combinators without a
 * pipeline.
 */
type Form = "none" | "inferred" | "given" | "builder";

/** The budget of a program: relative to the same program without a pipeline, and absolute. */
interface Budget {
  readonly size: number;
  readonly mixed: boolean;
  readonly form: Exclude<Form, "none">;
  readonly ratio: number;
  readonly total: number;
}

const budgets: Budget[] = [
  ...(["inferred", "given", "builder"] as const).map((form) => (
    { size: 50, mixed: false, form, ratio: 1.25, total: 430_000 }
  )),
  ...([[5, 60_000], [20, 200_000], [50, 500_000], [100, 1_300_000]] as const).flatMap(
    ([size, total]): Budget[] => [
      { size, mixed: true, form: "given", ratio: size <= 50 ? 1.25 : 1.45, total },
      // A builder's methods infer what the calls of the combinators infer in the program it is
      // measured by.
      { size, mixed: true, form: "builder", ratio: size <= 50 ? 1.4 : 1.75, total },
    ],
  ),
];

export const costParts: Part[] = [
  check("cost of the types", async () => {
    const baselines = new Map<string, number>();
    for (const { size, mixed, form, ratio, total } of budgets) {
      const key = `${size} ${mixed}`;
      const baseline = baselines.get(key) ?? await instantiations(newest, size, mixed, "none");
      baselines.set(key, baseline);
      const cost = await instantiations(newest, size, mixed, form);
      const factor = cost / baseline;
      const what = `${size} steps${mixed ? ", combinators among them" : ""}, ${form}`;
      console.log(
        `${what}: ${cost} instantiations, ${factor.toFixed(2)} times those of the steps alone`,
      );
      if (factor > ratio || cost > total) {
        throw new Error(
          `Cannot accept the types of ${what} as they must cost ${total} instantiations and ${ratio} times the steps at most: ` +
            `current value is ${cost}, ${factor.toFixed(2)} times`,
        );
      }
    }
    for (const form of ["given", "builder"] as const) await instantiations(oldest, 100, true, form);
  }),
];

/** Compiles a program, which must have no errors, and counts instantiations. */
async function instantiations(
  alias: string,
  size: number,
  mixed: boolean,
  form: Form,
): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  await write(`${folder}/program.ts`, program(size, mixed, form));
  await write(`${folder}/tsconfig.json`, {
    extends: "../tsconfig.json",
    compilerOptions: { noEmit: true, skipLibCheck: true, rootDir: "." },
    include: ["program.ts"],
  });
  const tsc = `node ../node_modules/${alias}/bin/tsc --pretty false --extendedDiagnostics`;
  const output = await must(
    `compile ${size} steps (${form}) with ${alias}`,
    shell(tsc, { cwd: folder }),
  );
  return Number(/Instantiations:\s+(\d+)/.exec(output)?.[1]);
}

function program(size: number, mixed: boolean, form: Form): string {
  const numbers = Array.from({ length: size }, (_, n) => n);
  const isCombined = (n: number) => mixed && n % 4 === 3;
  const args = numbers.filter((n) => n % 10 === 0).map((n) => `arg${n}: "string"`).join(", ");
  const schema = form === "given" ? `, argsSchema: type({ ${args} })` : "";
  const elements = numbers.flatMap((n) => isCombined(n) ? [`s${n}`, `c${n}`] : [`s${n}`]).join(
    ", ",
  );
  const methods = numbers.flatMap((n) =>
    isCombined(n) ? [`.step(s${n})`, methodOf(n)] : [`.step(s${n})`]
  ).join("");
  return [
    `import { choice, filter, flatMap, map, parallel, pipeline, step, when } from "@runsheet/runsheet";`,
    `import { type } from "arktype";`,
    ...numbers.map(stepOf),
    ...form === "builder" ? [] : numbers.filter(isCombined).map(combinatorOf),
    form === "none"
      ? `export const p: unknown[] = [${elements}];`
      : form === "builder"
      ? `export const p = pipeline({ name: "p" })${methods}.build();`
      : `export const p = pipeline({ name: "p"${schema}, steps: [${elements}] });`,
    form === "none" ? "" : `export const run = async () => {
      const result = await p.run({} as Parameters<typeof p.run>[0] & object);
      return result.success && result.data.n0.toFixed();
    };`,
  ].join("\n");
}

/**
 * A step of realistic size, which uses the outputs of the two before it, and now and then an arg.
 */
function stepOf(n: number): string {
  const needs = [n - 1, n - 2].filter((k) => k >= 0).map((k) => `k${k}: "string"`);
  const arg = n % 10 === 0 ? [`arg${n}: "string"`] : [];
  return `const s${n} = step({
    name: "s${n}",
    requires: type({ ${[...needs, ...arg].join(", ")}, "note${n}?": "string <= 200" }),
    provides: type({
      k${n}: "string",
      n${n}: "number >= 0",
      status${n}: "'paid' | 'due'",
      "lines${n}?": type({ sku: "string", quantity: "number.integer > 0" }).array(),
    }),
    run: (ctx) => ({ k${n}: ${
    n === 0 ? "ctx.arg0" : `ctx.k${n - 1}`
  }, n${n}: ${n}, status${n}: "paid" }),
    rollback: (_ctx, output) => output.n${n},
  });`;
}

/** All kinds of combinators, in turn. */
function pick(n: number, kinds: string[]): string {
  return kinds[(n - 3) / 4 % kinds.length]!;
}

function combinatorOf(n: number): string {
  const before = `ctx.k${n - 1}`;
  const items = `(ctx: { k${n}: string }) => [ctx.k${n}]`;
  return `const c${n} = ${
    pick(n, [
      `parallel(s${n}, when((ctx) => ${before} !== "", s${n}))`,
      `choice([(ctx) => ${before} !== "", s${n}], s${n})`,
      `map("list${n}", ${items}, (item) => item.length)`,
      `filter("list${n}", ${items}, (item) => item !== "")`,
      `flatMap("list${n}", ${items}, (item) => [item])`,
      `when((ctx) => ${before} !== "", s${n})`,
    ])
  };`;
}

function methodOf(n: number): string {
  const before = `ctx.k${n - 1}`;
  const items = `(ctx) => [ctx.k${n}]`;
  return pick(n, [
    `.parallel(s${n}, s${n})`,
    `.choice([(ctx) => ${before} !== "", s${n}], s${n})`,
    `.map("list${n}", ${items}, (item) => item.length)`,
    `.filter("list${n}", ${items}, (item) => item !== "")`,
    `.flatMap("list${n}", ${items}, (item) => [item])`,
    `.when((ctx) => ${before} !== "", s${n})`,
  ]);
}

if (import.meta.main) await finish(async () => await runParts(costParts));
