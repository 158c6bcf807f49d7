/// <reference lib="dom" />
// A run in the browser: its graph and its timeline, live. `deno task playground` makes the page.
import { describe, mermaid } from "@runsheet/runsheet/graph";
import { all } from "@runsheet/runsheet/observe";
import { html, timeline } from "@runsheet/runsheet/report";
import { drawGraph } from "./graph.ts";
import { makeCheckout, makeWorld } from "./shop.ts";

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const start = find<HTMLButtonElement>("start");
const world = makeWorld();
const checkout = makeCheckout(world, showWorld);
const graph = drawGraph(describe(checkout), world.faults);
const recorded = timeline({ keep: 1 });
let orders = 0;

function showWorld(): void {
  const items = [...world.left.values()].map((effect) => {
    const item = document.createElement("li");
    item.textContent = effect;
    return item;
  });
  find("world").replaceChildren(...items);
}

function showTimeline(): void {
  const [run] = recorded.runs;
  const page = find<HTMLIFrameElement>("timeline").contentDocument;
  if (run && page) page.documentElement.innerHTML = html(run);
  find("mermaid").textContent = mermaid(checkout, { run });
}

async function order(): Promise<void> {
  start.disabled = true;
  world.left.clear();
  showWorld();
  graph.reset();
  document.body.dataset.state = "running";
  find("result").textContent = "under way …";
  const drawing = setInterval(showTimeline, 100);
  let late = Promise.resolve<unknown>(undefined);
  const result = await checkout.run({ order: "tea" }, {
    runId: `order-${++orders}`,
    observer: all(graph.watcher, recorded),
    waitUntil: (settled) => void (late = Promise.all([late, settled])),
  });
  find("result").textContent = result.success
    ? "The order is complete."
    : `${result.failedStep}: ${result.error.message}. Undone: ${
      result.rollback.completed.join(", ") || "nothing"
    }.`;
  await late; // attempts that were given up land, and are undone
  clearInterval(drawing);
  showTimeline();
  document.body.dataset.state = result.success ? "done" : "failed";
  start.disabled = false;
}

find("graph").append(graph.element);
start.addEventListener("click", () => void order());
showTimeline();
