// Steps that a function makes for a key. Not among the tests of types, as TypeScript 7.0.2 crashes on
// it: "interface conversion: checker.TypeData is *checker.LiteralType".
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { pipeline, step } from "@runsheet/runsheet";
import { dataOf } from "../support/results.ts";

describe("the compiler accepts", () => {
  it("a function that makes steps which provide any key, with inferred types", async () => {
    const copyTo = <K extends string>(key: K) =>
      step({
        name: `copy to ${key}`,
        run: ({ id }: { id: string }) => ({ [key]: id }) as Record<K, string>,
      });
    const shout = step({
      name: "shout",
      run: (ctx: { user: string }) => ({ text: `${ctx.user}!` as string }),
    });
    const data = dataOf(
      await pipeline({ name: "p", steps: [copyTo("user"), shout] }).run({ id: "1" }),
    );
    assertType<IsExact<typeof data, { id: string; user: string; text: string }>>(true);
    assertEquals(data, { id: "1", user: "1", text: "1!" });
  });
});
