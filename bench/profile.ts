// `deno task bench:profile` shows where runsheet's time goes on Node 24, in the cases whose names
// contain one of the arguments.
import { makeBench, runOn } from "./app.ts";

await makeBench("bench/profile_worker.ts");
console.log(await runOn("node@24", "profile_worker.js", Deno.args));
