import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, pipeline, step, when } from "@runsheet/runsheet";
import { dot } from "@runsheet/runsheet/graph";
import { everything, hostileNames, idle } from "../support/flows.ts";

describe("dot", () => {
  it("draws the same flow as for Mermaid, with a shape for each kind of point", () => {
    const inner = pipeline({ name: "fulfil", steps: [idle("ship")] });
    const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
    assertEquals(
      dot(pipeline({ name: "order", steps: [charge, when(() => true, inner)] })),
      `digraph {
  node [fontname=Helvetica fontsize=11]
  edge [fontname=Helvetica fontsize=10]
  n0 [shape=oval label="order"]
  n1 [shape=box label="charge ↩"]
  n2 [shape=diamond label="when"]
  n4 [shape=oval label="done"]
  subgraph cluster_g0 {
    label="fulfil"
    n3 [shape=box label="ship"]
  }
  n0 -> n1
  n1 -> n2
  n2 -> n3 [label="yes"]
  n3 -> n4
  n2 -> n4 [label="no" style=dashed]
}
`,
    );
  });

  it("keeps a name that means something to Graphviz inside its label", () => {
    const box = /^ {2}n1 \[shape=box label="(?:[^"\\\p{Cc}]|\\.)*"\]$/u;
    const broken = [...hostileNames.keys()].filter((name) =>
      !box.test(dot(idle(name)).split("\n")[4]!)
    );
    assertEquals(broken, []);
    assertStringIncludes(dot(idle('\\N "a"\n&lt;')), 'label="\\\\N \\"a\\"\\n&amp;lt;"');
  });

  it("has an edge from every point but the last, whatever the flow", () => {
    const text = dot(everything);
    const points = [...text.matchAll(/^ +(n\d+) \[/gm)].map(([, id]) => id);
    const from = new Set([...text.matchAll(/^ +(n\d+) -> /gm)].map(([, id]) => id));
    assertEquals(points.filter((id) => !from.has(id)).length, 1);
  });

  it("refuses anything that is not a step", () => {
    assertThrows(() => dot({} as never), ConfigError, "'step' must be a step");
  });
});
