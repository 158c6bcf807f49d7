// Values match their types: the types and values of random programs are compared with a model.
import { assert, assertEquals } from "@std/assert";
import { type AnyStep, isRunsheetError, type Result } from "@runsheet/runsheet";
import { generate, valueOf } from "../support/programs/generate.ts";
import { misfits, object, shapeText } from "../support/programs/shapes.ts";

const count = 100;

Deno.test("values match their types, whatever the tree of steps and combinators", async () => {
  const programs = Array.from({ length: count }, (_, n) => generate(n + 1));
  const blocks = programs.map(({ text, args, data }, n) =>
    `{\n${text}
assertType<IsExact<Plain<NonNullable<Parameters<typeof p.run>[0]>>, Plain<${
      shapeText(args)
    }>>>(true);
assertType<IsExact<Plain<DataOf<typeof p>>, Plain<${shapeText(data)}>>>(true);
programs[${n}] = p;\n}`
  );
  const names = "choice, distribute, filter, flatMap, map, parallel, pipeline, step, typed, when";
  const source = [
    `import { type AnyStep, type ItemFailure, type Result, ${names} } from "@runsheet/runsheet";`,
    `import { assertType, type IsExact } from "@std/testing/types";`,
    `type DataOf<P extends { run(...given: never): unknown }> =`,
    `  Awaited<ReturnType<P["run"]>> extends Result<infer D> ? D : never;`,
    // Two needs of one key are an intersection of their types; Plain<T> reduces that of the same
    // type.
    `type Plain<T> = T extends string ? string : T extends number ? number`,
    `  : T extends boolean ? boolean : T extends readonly (infer E)[] ? Plain<E>[]`,
    `  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;`,
    `let state = 1;`,
    `function coin(): boolean { return (state = state * 48271 % 2147483647) % 2 === 0; }`,
    `export const programs: AnyStep[] = [];`,
    ...blocks,
  ].join("\n");
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, source);
    const args = ["check", "--quiet", "--config", "deno.json", path];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, stderr: "piped" })
      .output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const made: { programs: AnyStep[] } = await import(`file://${path}`);
    let successes = 0;
    for (const [n, { args, data }] of programs.entries()) {
      for (let run = 0; run < 8; run++) {
        const given = valueOf(object(args), n * 8 + run);
        const result = await made.programs[n]!.run(given as never) as Result<unknown>;
        if (result.success) {
          successes++;
          assertEquals(misfits(result.data, object(data)), [], programs[n]!.text);
        } else assert(isWithoutMatch(result.error), programs[n]!.text);
      }
    }
    assert(successes > count * 4, `${successes} runs have succeeded`);
  } finally {
    await Deno.remove(path);
  }
});

/** Whether a choice found no match, or several at the same time. */
function isWithoutMatch(error: unknown): boolean {
  return error instanceof AggregateError
    ? error.errors.every(isWithoutMatch)
    : isRunsheetError(error, "CHOICE_NO_MATCH");
}
