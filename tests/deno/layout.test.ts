import { assertArrayIncludes, assertEquals } from "@std/assert";
import { type Files, parseLayers, rules } from "./layout.ts";

const layers = parseLayers(Deno.readTextFileSync("CONTRIBUTING.md"));
const ours = ["mod.ts", ...["src", "tests", "tools", "examples"].flatMap(walk)];
const files: Files = new Map(
  ours.map((path) => [path, Deno.readTextFileSync(path)]),
);

function walk(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? walk(path) : path.endsWith(".ts") ? [path] : [];
  });
}

for (const [name, rule] of Object.entries(rules)) {
  Deno.test(name, () => assertEquals(rule(files, layers), []));
}

// Each mistake, made in a copy of our files, and the complaint it must cause.
const mistakes: [path: string, text: string, complaint: string][] = [
  [
    "src/no_layer.ts",
    "",
    "src/no_layer.ts must stand in one row of the layers table in CONTRIBUTING.md: it stands in 0",
  ],
  [
    "src/errors.ts",
    'import { step } from "./step.ts";',
    "src/errors.ts must not import src/step.ts, a layer above it",
  ],
  [
    "src/result.ts",
    'export type { Step } from "./step.ts";',
    "src/result.ts must not import src/step.ts, a layer above it",
  ],
  [
    "src/result.ts",
    'import { a } from "./result.ts";',
    "src/result.ts must not import itself, through others",
  ],
  [
    "src/combinators/when.ts",
    'import {\n  choice,\n} from "./choice.ts";',
    "src/combinators/when.ts must not import src/combinators/choice.ts",
  ],
  [
    "src/combinators/when.ts",
    'import { pipeline } from "../pipeline.ts";',
    "src/combinators/when.ts must not import src/pipeline.ts",
  ],
  [
    "src/step.ts",
    'import { when } from "./combinators/when.ts";',
    "src/step.ts must not import src/combinators/when.ts",
  ],
  [
    "src/step.ts",
    'import { step } from "../mod.ts";',
    "src/step.ts must not import mod.ts",
  ],
  [
    "src/step.ts",
    'const load = () => import("zod");',
    "src/step.ts must not import zod",
  ],
  [
    "src/step.ts",
    'import { type } from "arktype";',
    "src/step.ts must not import arktype",
  ],
  ["src/step.ts", 'import "node:fs";', "src/step.ts must not import node:fs"],
  ["src/step.ts", "Deno.exit();", "src/step.ts must not use Deno"],
  ["src/step.ts", "process.exit();", "src/step.ts must not use process"],
  ["mod.ts", "export const a = 1;", "mod.ts must not have: export const a = 1;"],
  [
    "mod.ts",
    'export * from "./src/step.ts";',
    'mod.ts must not have: export * from "./src/step.ts";',
  ],
  ["src/testing.ts", "export const a = 1;", "src/testing.ts must not have: export const a = 1;"],
  [
    "src/pipeline.ts",
    'import { stub } from "./testing/stub.ts";',
    "src/pipeline.ts must not import src/testing/stub.ts, a layer above it",
  ],
  ["tests/myTest.ts", "", "tests/myTest.ts must be in snake_case"],
  [
    "src/step.ts",
    "\n".repeat(401),
    "src/step.ts must have at most 400 lines: it has 401",
  ],
];

for (const [path, text, complaint] of mistakes) {
  Deno.test(`the rules see it when ${complaint}`, () => {
    const broken = new Map([...files, [path, text]]);
    const complaints = Object.values(rules)
      .flatMap((rule) => rule(broken, layers));
    assertArrayIncludes(complaints, [complaint]);
  });
}

Deno.test("the rules see a second file with unsafe casts", () => {
  const cast = "const a = 1 as unknown as string;";
  const broken = new Map([["src/a.ts", cast], ["src/b.ts", cast]]);
  assertEquals(rules["unsafe casts stand in one file of src"]?.(broken, layers), [
    "unsafe casts must stand in one file: they stand in [src/a.ts,src/b.ts]",
  ]);
});

Deno.test("the rules do not take a comment or a text for code", () => {
  const text = '/** Deno.exit() */\n// process.exit()\nconst a = "Bun.x";\n';
  const rule = rules["src uses no runtime's globals"];
  assertEquals(rule?.(new Map([["src/step.ts", text]]), layers), []);
});
