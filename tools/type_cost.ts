// What the proofs cost the compiler: type instantiations, as these are the same on every machine.
// After `deno task test:npm` has made npm/app: `deno run -A tools/type_cost.ts`.
import { check, finish, type Part, runParts } from "./report.ts";
import { must, shell, write } from "./shell.ts";

/** How the steps of a program are put together; `"none"` is the schemas and steps alone. */
type Form = "none" | "inferred" | "given" | "builder";

const compiler = "typescript-7";
const sizes = [5, 20, 50, 100];
const forms: Form[] = ["inferred", "given", "builder"];
/** How much more than the steps alone a pipeline of them may cost. */
const budgets: Record<number, number> = { 5: 1.15, 20: 1.2, 50: 1.25, 100: 1.5 };
/** What a whole program of 100 steps may cost. */
const ceiling = 1_000_000;

/** Step `n` takes up what the two before it have left, and an arg of its own now and then. */
function stepOf(n: number): string {
  const needs = [n - 1, n - 2].filter((k) => k >= 0).map((k) => `k${k}: "string"`);
  const arg = n % 10 === 0 ? [`arg${n}: "string"`] : [];
  return `const s${n} = step({ name: "s${n}", requires: type({ ${
    [...needs, ...arg].join(", ")
  } }), ` +
    `provides: type({ k${n}: "string", n${n}: "number" }), run: () => ({ k${n}: "", n${n}: ${n} }) });`;
}

/** What stands for step `n` in the array: every fourth of them is made by a combinator, all kinds in turn. */
function elementOf(n: number): string {
  const kinds = [
    `parallel(s${n}, when((ctx) => ctx.k${n - 1} !== "", s${n}))`,
    `choice([(ctx) => ctx.k${n - 1} !== "", s${n}], s${n})`,
    `s${n}, map("list${n}", (ctx: { k${n}: string }) => [ctx.k${n}], (item) => item.length)`,
    `s${n}, filter("list${n}", (ctx: { k${n}: string }) => [ctx.k${n}], (item) => item !== "")`,
    `s${n}, flatMap("list${n}", (ctx: { k${n}: string }) => [ctx.k${n}], (item) => [item])`,
    `s${n}, when((ctx) => ctx.n${n} > 0, seen${n})`,
  ];
  return n % 4 === 3 ? kinds[(n - 3) / 4 % kinds.length]! : `s${n}`;
}

function methodOf(n: number): string {
  const kinds = [
    `.parallel(s${n}, sideOf(${n}))`,
    `.choice([(ctx) => ctx.k${n - 1} !== "", s${n}], s${n})`,
    `.step(s${n}).map("list${n}", (ctx) => [ctx.k${n}], (item) => item.length)`,
    `.step(s${n}).filter("list${n}", (ctx) => [ctx.k${n}], (item) => item !== "")`,
    `.step(s${n}).flatMap("list${n}", (ctx) => [ctx.k${n}], (item) => [item])`,
    `.step(s${n}).when((ctx) => ctx.n${n} > 0, seen${n})`,
  ];
  return n % 4 === 3 ? kinds[(n - 3) / 4 % kinds.length]! : `.step(s${n})`;
}
