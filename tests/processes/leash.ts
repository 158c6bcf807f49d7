// Runs a script in a process of its own, kills it when stdin has data, and stops it when
// stdin ends, so it ends with the process that started it.
import { spawn } from "node:child_process";
import process from "node:process";

const child = spawn(process.execPath, process.argv.slice(2), {
  stdio: ["ignore", "inherit", "inherit"],
});
child.on("exit", (code) => process.exit(code ?? 1));
let stopped = false;
const stop = () => {
  // Not child.kill: Deno then reports the signal instead of an exit code.
  if (!stopped) process.kill(child.pid!, "SIGTERM");
  stopped = true;
};
process.stdin.on("data", () => process.kill(child.pid!, "SIGKILL"));
process.stdin.on("end", stop).on("close", stop).resume();
