// Measures calls a second: node miniflare/cost.ts, in npm/apps/cloudflare.
import { App, bundle } from "./support/app.ts";

const script = await bundle("cost");
const app = new App(1);
await app.start(script);
const cases = { sequence: 300, "map 10": 1_000, "map 100": 1_000 };
for (const [name, calls] of Object.entries(cases)) {
  for (const flow of [name, `${name} by hand`]) {
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      const id = `${flow.replaceAll(" ", "-")}-${round}`;
      const start = performance.now();
      await app.create(id, { name: flow });
      const { status, error } = await app.ended(id);
      if (status !== "complete") throw new Error(`${flow}: ${error?.message}`);
      times.push(performance.now() - start);
    }
    const ms = Math.min(...times);
    console.log(`${flow}: ${Math.round(ms)} ms, ${Math.round(calls / ms * 1_000)} calls a second`);
  }
}
await app.stop();
