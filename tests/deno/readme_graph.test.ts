// The README shows the checkout of the examples as `/graph` draws it.
import { assertEquals } from "@std/assert";
import { mermaid } from "@runsheet/runsheet/graph";
import { makeCheckout } from "../../examples/checkout/checkout.ts";

Deno.test("the graph in the README is that of the checkout", () => {
  const [, shown] = /^```mermaid\n([^]*?)^```$/m.exec(Deno.readTextFileSync("README.md")) ?? [];
  assertEquals(shown, mermaid(makeCheckout([])));
});
