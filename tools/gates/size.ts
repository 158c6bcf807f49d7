// The size of the core as shipped by an application, by module: `deno task size`. It fails above
// the limit. deno bundle is esbuild.
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import { core } from "../runner/packages.ts";
import { bundle } from "../runner/shell.ts";

// The goal is 19 KB. Added since then: the rules of effects, log lines without values,
// observers, inner runs, fallbacks, the undo of groups side by side, the seam of durable runs,
// pipelines with `retry`, pivots, deps, resources and inputs by other names.
const LIMIT = 31 * 1024;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The part of a source map that is read here. */
interface SourceMap {
  sources: string[];
  mappings: string;
}

/** The number of characters of a minified file that come from each source. */
function charactersBySource(code: string, { sources, mappings }: SourceMap): Map<string, number> {
  const counts = new Map<string, number>();
  const lines = code.split("\n");
  let source = 0;
  mappings.split(";").forEach((line, n) => {
    let column = 0;
    let from = 0;
    let name: string | undefined;
    const count = (to: number) => {
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + to - from);
    };
    for (const segment of line.split(",")) {
      if (segment === "") continue;
      const [columns = 0, moved = 0] = decode(segment);
      column += columns;
      source += moved;
      count(column);
      from = column;
      name = sources[source];
    }
    count(lines[n]?.length ?? 0);
  });
  return counts;
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
  const rows = [...charactersBySource(code, map)].sort(([, one], [, other]) => other - one);
  for (const [path, characters] of rows) {
    const name = path.replace(/^.*\/(?=src\/|mod\.ts|deno-std\/|@std\/|async\/)/, "");
    const share = (100 * characters / code.length).toFixed(1);
    console.log(`${String(characters).padStart(6)} ${share.padStart(5)} %  ${name}`);
  }
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`${config.name} ${config.version}: ${code.length} bytes minified, ${size} gzipped`);
  if (size > LIMIT) {
    console.log(`Cannot accept the size as it must be at most ${LIMIT}: current value is ${size}`);
    Deno.exit(1);
  }
}
