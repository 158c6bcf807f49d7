import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, fallback, map, parallel, pipeline, step, when } from "@runsheet/runsheet";
import { mermaid } from "@runsheet/runsheet/graph";
import { everything, hostileNames, idle } from "../support/flows.ts";

/** The lines of a flowchart, without its first one. */
function lines(text: string): string[] {
  const [first, ...rest] = text.trimEnd().split("\n").map((line) => line.trim());
  assertEquals(first, "flowchart TB");
  return rest;
}

describe("mermaid", () => {
  it("draws steps in order, between the name of the flow and its end", () => {
    const flow = pipeline({ name: "order", steps: [idle("reserve"), idle("charge")] });
    assertEquals(lines(mermaid(flow)), [
      'n0(["order"])',
      'n1["reserve"]',
      'n2["charge"]',
      'n3(["done"])',
      "n0 --> n1",
      "n1 --> n2",
      "n2 --> n3",
    ]);
  });

  it("draws the alternative of a fallback behind its step", () => {
    const flow = pipeline({
      name: "order",
      steps: [fallback(idle("card"), idle("invoice")), fallback(idle("gift"), () => {})],
    });
    assertEquals(lines(mermaid(flow)), [
      'n0(["order"])',
      'n1["card"]',
      'n2["invoice"]',
      'n3["gift"]',
      'n4(["done"])',
      "n0 --> n1",
      'n1 -->|"fails"| n2',
      "n1 --> n3",
      "n2 --> n3",
      "n3 --> n4",
    ]);
  });

  it("marks the steps that have an undo, of either kind", () => {
    const flow = pipeline({
      name: "order",
      steps: [
        step({ name: "reserve", run: () => {}, rollback: () => {} }),
        step({ name: "charge", run: () => {}, undoByKey: () => {} }),
        idle("print"),
      ],
    });
    assertEquals(lines(mermaid(flow)).slice(1, 4), [
      'n1["reserve ↩"]',
      'n2["charge ↩"]',
      'n3["print"]',
    ]);
  });

  it("draws a condition as a question, with a dashed way past the step", () => {
    assertEquals(
      lines(mermaid(when(function isLarge() {
        return true;
      }, idle("notify")))),
      [
        'n0(["when(notify)"])',
        'n1{"isLarge"}',
        'n2["notify"]',
        'n3(["done"])',
        "n0 --> n1",
        'n1 -->|"yes"| n2',
        "n2 --> n3",
        'n1 -.->|"no"| n3',
      ],
    );
  });

  it("draws a frame around a nested pipeline, and no edge to the frame", () => {
    const inner = pipeline({ name: "fulfil", timeout: 100, steps: [idle("ship"), idle("mail")] });
    assertEquals(lines(mermaid(pipeline({ name: "order", steps: [inner, idle("log")] }))), [
      'n0(["order"])',
      'n3["log"]',
      'n4(["done"])',
      'subgraph g0["fulfil, 100 ms"]',
      'n1["ship"]',
      'n2["mail"]',
      "end",
      "n0 --> n1",
      "n1 --> n2",
      "n2 --> n3",
      "n3 --> n4",
    ]);
  });

  it("draws an empty pipeline as one box", () => {
    const nothing = pipeline({ name: "nothing", steps: [] });
    assertEquals(lines(mermaid(pipeline({ name: "order", steps: [nothing] }))), [
      'n0(["order"])',
      'n1[["nothing"]]',
      'n2(["done"])',
      "n0 --> n1",
      "n1 --> n2",
    ]);
    assertEquals(lines(mermaid(nothing)), ['n0(["nothing"])', 'n1(["done"])', "n0 --> n1"]);
  });

  it("draws branches between a fork and a join", () => {
    assertEquals(lines(mermaid(parallel(idle("a"), idle("b")))), [
      'n0(["parallel(a, b)"])',
      'n1((" "))',
      'n2["a"]',
      'n3["b"]',
      'n4((" "))',
      'n5(["done"])',
      "n0 --> n1",
      "n1 --> n2",
      "n1 --> n3",
      "n2 --> n4",
      "n3 --> n4",
      "n4 --> n5",
    ]);
  });

  it("draws a step for each item in a frame, and a function for each item as one box", () => {
    const steps = [
      map("mails", () => [{ n: 1 }], idle("send"), { concurrency: 4 }),
      map("sizes", () => [1], (n: number) => n),
    ] as const;
    assertEquals(lines(mermaid(pipeline({ name: "p", steps }))), [
      'n0(["p"])',
      'n2[["map(sizes)"]]',
      'n3(["done"])',
      'subgraph g0["map(mails), each item, 4 at once"]',
      'n1["send"]',
      "end",
      "n0 --> n1",
      "n1 --> n2",
      "n2 --> n3",
    ]);
  });

  it("shows retries, timeouts and limits", () => {
    const text = mermaid(everything);
    const labels = [...text.matchAll(/"(.*)"/g)].map(([, label]) => label);
    for (
      const label of [
        "everything<br/>5000 ms",
        "charge<br/>3 retries, 50 ms ↩",
        "notify<br/>1 retry",
        "2 at once",
      ]
    ) {
      assertEquals(labels.filter((one) => one === label), [label]);
    }
    const stubborn = step({ name: "s", retry: { count: Infinity }, run: () => {} });
    assertEquals(lines(mermaid(stubborn))[1], 'n1["s<br/>retries"]');
  });

  it("labels the branches of a choice by their predicates", () => {
    const edges = lines(mermaid(everything)).filter((line) => line.includes("-->|"));
    assertEquals(edges.map((line) => /"(.*)"/.exec(line)?.[1]), [
      "yes",
      "isLarge",
      "else if",
      "else",
      "yes",
      "fails",
    ]);
  });

  it("keeps a name that means something to Mermaid inside its label", () => {
    for (const name of hostileNames.keys()) {
      const [start = "", box = "", end, ...edges] = lines(mermaid(idle(name)));
      assertEquals(end, 'n2(["done"])');
      assertEquals(edges, ["n0 --> n1", "n1 --> n2"]);
      // Of ASCII, only characters that are known to be harmless, and codes.
      const harmless = /^"(?:[A-Za-z0-9 (),]|#\d+;|<br\/>|[^\p{ASCII}])*"$/u;
      assertEquals(
        [start.slice(4, -2), box.slice(3, -1)].filter((label) => !harmless.test(label)),
        [],
      );
    }
  });

  it("refuses anything that is not a step, and unknown options", () => {
    assertThrows(() => mermaid({} as never), ConfigError, "'step' must be a step");
    assertThrows(
      () => mermaid(idle("a"), { runs: [] } as never),
      ConfigError,
      'Cannot draw a graph as its options must be among run: current value is "runs"',
    );
  });
});
