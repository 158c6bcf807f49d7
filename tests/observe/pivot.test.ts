import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { pipeline, step } from "@runsheet/runsheet";
import { describe as describeFlow, mermaid } from "@runsheet/runsheet/graph";
import { html, tree } from "@runsheet/runsheet/report";
import { recorded } from "../support/recorded.ts";
import { seeSpans } from "../support/spans.ts";
import { fail } from "../support/steps.ts";

const ship = step({ name: "ship", pivot: true, run: () => {} });
const fulfil = pipeline({ name: "fulfil", steps: [ship] });
const order = pipeline({
  name: "order",
  steps: [fulfil, pipeline({ name: "notify", retry: { count: 1 }, steps: [fail] })],
});

describe("a pivot, as observers see it,", () => {
  it("ends its own span and that of the failed run with its path", async () => {
    const { observer, ends } = seeSpans();
    await order.run({}, { observer });
    const committed = [...ends].flatMap(([{ kind, path }, { committed }]) =>
      committed === undefined ? [] : [[kind, path, committed]]
    );
    assertEquals(committed, [["step", "fulfil/ship", "fulfil/ship"], ["run", "", "fulfil/ship"]]);
    const alone = seeSpans();
    await fulfil.run({}, { observer: alone.observer });
    assertEquals([...alone.ends.values()].map(({ committed }) => committed), [
      undefined,
      "ship",
      undefined,
    ]);
  });

  it("appears in a tree and on a page", async () => {
    const run = await recorded(order);
    const lines = tree(run).split("\n").map((line) => line.replace(/ {2,}.*/, ""));
    assertEquals(lines.slice(0, 3), [
      "✗ order (failed, committed by fulfil/ship)",
      "├ ✓ fulfil",
      "│ └ ✓ ship (the point of no return)",
    ]);
    assertStringIncludes(html(run), "<p>What was done up to <b>fulfil/ship</b> stands.</p>");
  });

  it("appears in the description and the picture of a flow, like the retries of a pipeline", () => {
    const [first, second] = describeFlow(order).children!;
    assertEquals(first!.children![0]!.policy, { pivot: true });
    assertEquals(second!.policy, { retry: { count: 1 } });
    const picture = mermaid(order);
    assertStringIncludes(picture, "ship<br/>pivot");
    assertStringIncludes(picture, "notify, 1 retry");
  });
});
