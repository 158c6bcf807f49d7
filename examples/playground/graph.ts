/// <reference lib="dom" />
// A flow as nested boxes. A click on a step changes what its service does; a run marks the boxes.
import { observe } from "@runsheet/runsheet/observe";
import type { Watcher } from "@runsheet/runsheet";
import type { Described } from "@runsheet/runsheet/graph";
import { type Fault, faults } from "./shop.ts";

const signs = { idle: "○", running: "…", done: "✓", failed: "✗", undone: "↩" };
type Mark = keyof typeof signs;

export interface Graph {
  readonly element: HTMLElement;
  /** Marks the boxes during a run. */
  readonly watcher: Watcher;
  reset(): void;
}

/** Draws a flow. */
export function drawGraph(flow: Described, chosen: Map<string, Fault>): Graph {
  const boxes = new Map<string, HTMLElement>();

  function mark(path: string, state: Mark): void {
    const box = boxes.get(path);
    if (!box) return;
    box.dataset.state = state;
    box.querySelector("b")!.textContent = signs[state];
  }

  function draw({ kind, name, path, children }: Described): HTMLElement {
    const box = document.createElement(children ? "div" : "button");
    box.className = `box ${kind}`;
    const title = document.createElement("span");
    title.append(document.createElement("b"), ` ${name}`);
    box.append(title);
    boxes.set(path, box);
    if (children) {
      const parts = document.createElement("div");
      parts.className = "parts";
      parts.append(...children.map(draw));
      box.append(parts);
    } else {
      const label = document.createElement("small");
      const show = () => {
        const fault = chosen.get(name) ?? "works";
        label.textContent = fault;
        box.dataset.fault = fault;
      };
      box.id = name;
      box.append(label);
      box.addEventListener("click", () => {
        const next = faults.indexOf(chosen.get(name) ?? "works") + 1;
        chosen.set(name, faults[next % faults.length] ?? "works");
        show();
      });
      show();
    }
    return box;
  }

  const element = draw(flow);
  const watcher = observe((span) => {
    const { kind, path } = span;
    if (kind === "run" || kind === "step") mark(path, "running");
    return {
      end({ ok }) {
        if (kind === "run" || kind === "step") mark(path, ok ? "done" : "failed");
        // A step that failed stays marked as the one that did.
        const box = boxes.get(span.of?.path ?? "");
        if (kind === "undo" && ok && box?.dataset.state === "done") mark(span.of!.path, "undone");
      },
    };
  });
  const reset = () => [...boxes.keys()].forEach((path) => mark(path, "idle"));
  reset();
  return { element, watcher, reset };
}
