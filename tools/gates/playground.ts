// Clicks through the playground in a headless Chromium: `deno run -A tools/gates/playground.ts`.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { pathToFileURL } from "node:url";
import { makePlayground, playground } from "../playground.ts";
import { withPage } from "../runner/chromium.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";

/**
 * Clicks a step until its service has a fault, places the order, and returns what the page shows.
 */
const order = (step: string, fault: string) =>
  `(async () => {
  const box = document.getElementById("${step}");
  for (let n = 0; n < 5 && box.dataset.fault !== "${fault}"; n++) box.click();
  document.getElementById("start").click();
  const underWay = document.body.dataset.state;
  while (document.body.dataset.state === "running") await new Promise((ok) => setTimeout(ok, 20));
  const states = [...document.querySelectorAll("button.step")]
    .map(({ id, dataset }) => id + " " + dataset.state);
  const shown = (id) => document.getElementById(id).textContent;
  const timeline = document.getElementById("timeline").contentDocument.body.textContent;
  return { underWay, states, result: shown("result"), world: shown("world"), timeline };
})()`;

interface Shown {
  underWay: string;
  states: string[];
  result: string;
  world: string;
  timeline: string;
}

async function play(): Promise<void> {
  await makePlayground();
  const url = pathToFileURL(playground).href;
  await withPage(url, { width: 1000, height: 900 }, async ({ evaluate }) => {
    const fails = await evaluate(order("bookCourier", "fails")) as Shown;
    assertEquals(fails.underWay, "running");
    assertEquals(fails.states, [
      "reserveStock undone",
      "chargeCard undone",
      "addPoints undone",
      "bookCourier failed",
      "sendReceipt idle",
    ]);
    assertStringIncludes(fails.result, "bookCourier: Cannot retry 'bookCourier'");
    assertEquals(fails.world, "");
    assertStringIncludes(fails.timeline, "/chargeCard (by key)");

    const works = await evaluate(order("bookCourier", "works")) as Shown;
    assertEquals(works.result, "The order is complete.");
    assertStringIncludes(works.world, "€5 are charged");
  });
}

export const playgroundParts: Part[] = [check("the playground in Chromium", play)];

if (import.meta.main) await finish(() => runParts(playgroundParts));
