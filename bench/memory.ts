// `deno task bench:memory`: a million runs with 5-second timeouts on each runtime, one at a time
// and a thousand at a time. It fails if one uses more than 200 MB or leaves a timer.
// `deno task bench:memory node@20 10000` is shorter.
import { defaults, makeBench, runOn } from "./app.ts";
import type { Held } from "./memory_worker.ts";

const LIMIT = 200;
const targets = Deno.args.filter((arg) => /^(deno|(node|bun)@\d+)$/.test(arg));
const runs = Deno.args.find((arg) => /^\d+$/.test(arg)) ?? "1000000";

await makeBench("bench/memory_worker.ts");
let missed = 0;
for (const target of targets.length > 0 ? targets : defaults) {
  for (const scenario of ["sequential", "a thousand at a time"]) {
    const held: Held = JSON.parse(await runOn(target, "memory_worker.js", [scenario, runs]));
    const isMet = held.rssPeak <= LIMIT && held.timersLeft === 0;
    if (!isMet) missed++;
    console.log(`${target}, ${held.runs} runs, ${scenario}: ${isMet ? "met" : "MISSED"}
  ${held.seconds} s, RSS ${held.rssBefore} MB, at most ${held.rssPeak} MB (target ${LIMIT} MB)
  heap ${held.heap.join(", ") || "not collected"}; after the last timeout ${held.heapAfter} MB
  timers: at most ${held.timersMost}, left ${held.timersLeft}; signals: at most ${held.signalsMost}; handles left: ${
      held.handlesLeft ?? "not told"
    }`);
  }
}
if (missed > 0) {
  console.log(`Cannot accept ${missed} of the figures as each must be met`);
  Deno.exit(1);
}
