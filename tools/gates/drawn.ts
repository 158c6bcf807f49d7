// The real Mermaid and the real Graphviz read the drawings of /graph, and find each name unchanged:
// flows of every kind, and names with special characters. `deno run -A tools/gates/drawn.ts`.
import { assertEquals } from "@std/assert";
import { type AnyStep, parallel, pipeline } from "@runsheet/runsheet";
import { dot, mermaid } from "@runsheet/runsheet/graph";
import { timeline } from "@runsheet/runsheet/report";
import { everything, hostileNames, idle } from "../../tests/support/flows.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { must, shell, write } from "../runner/shell.ts";

const folder = "npm/drawn";

interface Flow {
  name: string;
  mermaid: string;
  dot: string;
  /** The names that both must show. */
  labels: string[];
  vertices: number;
  edges: number;
}

async function flows(): Promise<Flow[]> {
  const observer = timeline();
  const named = [...hostileNames].map(([name, shown]) => {
    const flow = pipeline({ name, steps: [idle(name), pipeline({ name, steps: [idle(name)] })] });
    return { ...drawn(name, flow), labels: [shown], vertices: 4, edges: 3 };
  });
  const all = [...hostileNames.keys()].map((name) => idle(name));
  const beside = parallel(...all);
  await beside.run({}, { observer });
  return [
    ...named,
    {
      ...drawn("side by side, after a run", beside, { run: observer.runs[0] }),
      labels: [...hostileNames.values()].map((shown) => `✓ ${shown}`),
      vertices: all.length + 4,
      edges: 2 * all.length + 2,
    },
    {
      ...drawn("everything", everything),
      labels: ["map(mails), each item"],
      vertices: 25,
      edges: 30,
    },
  ];
}

function drawn(name: string, flow: AnyStep, options = {}) {
  return { name, mermaid: mermaid(flow, options), dot: dot(flow, options) };
}

async function draw(): Promise<void> {
  await must("clear", shell(`rm -rf ${folder} && cp -r tools/fixtures/drawn ${folder}`));
  await write(`${folder}/package.json`, {
    type: "module",
    dependencies: { "@viz-js/viz": "^3.31.0", linkedom: "^0.18.15", mermaid: "^12.3.0" },
  });
  await write(`${folder}/flows.json`, await flows());
  await must(
    "install Mermaid and Graphviz",
    shell("npm install --silent --no-audit --no-fund", { cwd: folder }),
  );
  assertEquals(await must("draw", shell("node parse.js", { cwd: folder })), "");
}

export const drawnParts: Part[] = [check("graphs in Mermaid and Graphviz", draw)];

if (import.meta.main) await finish(() => runParts(drawnParts));
