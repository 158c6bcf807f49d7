// The size of the core as shipped by an application: `deno task size`. It fails above the limit.
// For each module and each folder, it prints how much smaller the core would be without its code.
// deno bundle is esbuild.
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import { core } from "../runner/packages.ts";
import { bundle } from "../runner/shell.ts";

// The goal is 19 KB. Added since then: the rules of effects, log lines without values,
// observers, inner runs, fallbacks, the undo of groups side by side, the seam of durable runs,
// pipelines with `retry`, pivots, deps, resources, inputs by other names, keys fit for headers, and
// runs and items that hold half the memory.
const LIMIT = 33_500;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function sizeOf(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

/** The part of a source map that is read here. */
interface SourceMap {
  sources: string[];
  mappings: string;
}

/** The characters of a minified file that come from each source. */
function codeBySource(code: string, { sources, mappings }: SourceMap): Map<string, string> {
  const parts = new Map<string, string>();
  const lines = code.split("\n");
  let source = 0;
  mappings.split(";").forEach((line, n) => {
    let column = 0;
    let from = 0;
    let name: string | undefined;
    const take = (to?: number) => {
      if (name === undefined) return;
      parts.set(name, (parts.get(name) ?? "") + lines[n]!.slice(from, to));
    };
    for (const segment of line.split(",")) {
      if (segment === "") continue;
      const [columns = 0, moved = 0] = decode(segment);
      column += columns;
      source += moved;
      take(column);
      from = column;
      name = sources[source];
    }
    take();
  });
  return parts;
}

/**
 * The numbers in a segment of a source map: base 64, five bits a digit, the lowest bit of a number
 * its sign.
 */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let bits = 0;
  let shift = 0;
  for (const digit of segment) {
    const value = DIGITS.indexOf(digit);
    bits |= (value & 31) << shift;
    shift += 5;
    if (value & 32) continue;
    numbers.push(bits & 1 ? -(bits >> 1) : bits >> 1);
    bits = shift = 0;
  }
  return numbers;
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  await bundle(folder, ["mod.ts"], Object.keys(core.npmRanges), "--minify", "--sourcemap=external");
  const code = await Deno.readTextFile(`${folder}/mod.js`);
  const map: SourceMap = JSON.parse(await Deno.readTextFile(`${folder}/mod.js.map`));
  await Deno.remove(folder, { recursive: true });
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const [path, part] of codeBySource(code, map)) {
    const name = path.replace(/^.*\/(?=src\/|mod\.ts|deno-std\/|@std\/|async\/)/, "");
    files.set(name, part);
    const folder = name.replace(/\/[^/]*$/, "");
    folders.set(folder, (folders.get(folder) ?? "") + part);
  }
  const size = sizeOf(code);
  for (const parts of [files, folders]) {
    const rest = (name: string) =>
      [...parts].flatMap(([other, part]) => other === name ? [] : part);
    const whole = sizeOf(rest("").join(""));
    const rows = [...parts].map(([name, { length }]) => {
      return { name, length, gzipped: whole - sizeOf(rest(name).join("")) };
    });
    console.log("minified  gzipped");
    for (const { name, length, gzipped } of rows.sort((a, b) => b.gzipped - a.gzipped)) {
      console.log(`${String(length).padStart(8)} ${String(gzipped).padStart(8)}  ${name}`);
    }
  }
  console.log(`${config.name} ${config.version}: ${code.length} bytes minified, ${size} gzipped`);
  if (size > LIMIT) {
    console.log(`Cannot accept the size as it must be at most ${LIMIT}: current value is ${size}`);
    Deno.exit(1);
  }
}
