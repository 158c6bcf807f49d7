// The package's own test kit accepts the first example of the README.
import { assert } from "@std/assert";
import type { Step } from "@runsheet/runsheet";
import { assertCompensated, type ledger, sweep } from "@runsheet/runsheet/testing";

const fake = `
import { ledger } from "@runsheet/runsheet/testing";
export const books = ledger();
const payments = {
  async charge(_amount: number, key: string, signal: AbortSignal) {
    await books.addOnce("charge", key, { signal });
    return { id: key };
  },
  refund: (id: string) => books.removeAll("charge", id),
  void: (key: string) => books.forbid("charge", key),
};
`;

Deno.test("the first example of the README undoes its charge whatever goes wrong", async () => {
  const [, example = ""] = /^```ts\n([^]*?)^```$/m.exec(Deno.readTextFileSync("README.md")) ?? [];
  const [definitions = "", uses] = example.split("\nconst result = ");
  assert(uses);
  const program = definitions.replace(/^\/\/ Stands in[^]*?^};\n/m, fake);
  assert(program.includes("books.forbid"));
  const path = Deno.makeTempFileSync({ dir: ".", suffix: ".ts" });
  try {
    Deno.writeTextFileSync(path, `${program}\nexport { checkout };\n`);
    const { books, checkout } = await import(`file://${Deno.realPathSync(path)}`) as {
      books: ReturnType<typeof ledger>;
      checkout: Step<string, { amount: number; email: string }, object>;
    };
    const args = { amount: 50, email: "ada@mail.example" };
    assertCompensated(await sweep(checkout, args, { ledger: books }));
  } finally {
    Deno.removeSync(path);
  }
});
