import { assertArrayIncludes, assertEquals } from "@std/assert";
import { type Files, parseLayers, rules } from "./layout.ts";

const layers = parseLayers(Deno.readTextFileSync("CONTRIBUTING.md"));
const ours = ["mod.ts", ...["src", "tests", "tools", "examples", "packages"].flatMap(walk)];
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

// Each mistake, made in a copy of our files, and the complaint that it must cause.
const mistakes: [path: string, text: string, complaint: string][] = [
  [
    "src/stray.ts",
    "",
    "src/stray.ts must be in a folder that CONTRIBUTING.md lists",
  ],
  [
    "src/report/errors.ts",
    'import { step } from "../steps/step.ts";',
    "src/report/errors.ts must not import src/steps/step.ts, which is above it",
  ],
  [
    "src/api/result.ts",
    'export type { Step } from "../types/step.ts";',
    "src/api/result.ts must not import src/types/step.ts, which is above it",
  ],
  [
    "src/api/result.ts",
    'import { a } from "./result.ts";',
    "src/api/result.ts must not import itself, through others",
  ],
  [
    "src/combinators/when.ts",
    'import {\n  choice,\n} from "./choice.ts";',
    "src/combinators/when.ts must not import src/combinators/choice.ts",
  ],
  [
    "src/steps/step.ts",
    'import { step } from "../../mod.ts";',
    "src/steps/step.ts must not import mod.ts",
  ],
  [
    "src/steps/step.ts",
    'const load = () => import("zod");',
    "src/steps/step.ts must not import zod",
  ],
  [
    "src/steps/step.ts",
    'import { type } from "arktype";',
    "src/steps/step.ts must not import arktype",
  ],
  ["src/steps/step.ts", 'import "node:fs";', "src/steps/step.ts must not import node:fs"],
  ["src/steps/step.ts", "Deno.exit();", "src/steps/step.ts must not use Deno"],
  ["src/steps/step.ts", "process.exit();", "src/steps/step.ts must not use process"],
  ["mod.ts", "export const a = 1;", "mod.ts must not have: export const a = 1;"],
  [
    "mod.ts",
    'export * from "./src/steps/step.ts";',
    'mod.ts must not have: export * from "./src/steps/step.ts";',
  ],
  [
    "src/testing/mod.ts",
    "export const a = 1;",
    "src/testing/mod.ts must not have: export const a = 1;",
  ],
  [
    "mod.ts",
    'export type { Fold } from "./src/types/fold.ts";',
    "mod.ts must not export Fold, which is internal",
  ],
  ["src/types/mod.ts", "", "src/types/mod.ts must export Fold"],
  [
    "src/types/text.ts",
    "type Fold = 1;",
    "src/types/text.ts must not declare Fold, which another file declares, too",
  ],
  [
    "src/steps/pipeline.ts",
    'import { stub } from "../testing/stub.ts";',
    "src/steps/pipeline.ts must not import src/testing/stub.ts, which is above it",
  ],
  ["tests/myTest.ts", "", "tests/myTest.ts must be in snake_case"],
  [
    "src/steps/step.ts",
    "\n".repeat(401),
    "src/steps/step.ts must have at most 400 lines: it has 401",
  ],
];

for (const [path, text, complaint] of mistakes) {
  Deno.test(`the rules find that ${complaint}`, () => {
    const broken = new Map([...files, [path, text]]);
    const complaints = Object.values(rules)
      .flatMap((rule) => rule(broken, layers));
    assertArrayIncludes(complaints, [complaint]);
  });
}

for (
  const cast of [
    "const a = 1 as unknown as string;",
    "const a = 1 as never;",
    "function to<T>(a: unknown): T {\n  return a as T;\n}",
    "function to<T extends object>(a: object) {\n  return a as Schema<T>;\n}",
  ]
) {
  Deno.test(`the rules see the unsafe cast of ${cast}`, () => {
    const broken = new Map([["src/values/cast.ts", cast], ["src/report/a.ts", cast]]);
    assertEquals(rules["unsafe casts are in one file of src"]?.(broken, layers), [
      "src/report/a.ts must not cast, as unsafe casts belong in src/values/cast.ts",
    ]);
  });
}

Deno.test("the rules see a folder that has no file", () => {
  const rule = rules["every folder that CONTRIBUTING.md lists has files"];
  assertEquals(rule?.(files, [...layers, { folder: "moon", isAdapter: false }]), [
    "CONTRIBUTING.md must not list src/moon/, which has no file",
  ]);
});

Deno.test("the rules do not mistake a comment or a text for code", () => {
  const text = '/** Deno.exit() */\n// process.exit()\nconst a = "Bun.x";\n';
  const rule = rules["src uses no runtime's globals"];
  assertEquals(rule?.(new Map([["src/steps/step.ts", text]]), layers), []);
});
