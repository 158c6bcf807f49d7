// Bundles the library twice from its sources: as it is, and without the hook for observers. So a
// row can show the cost of the hook to a run without observers.
import { dirname, join } from "node:path";
import { deno, must } from "../tools/runner/shell.ts";
import { files } from "./contenders/cut_hook.ts";

/** The replacement at each of these places. Minified, an `undefined?.call(…)` is gone. */
const CUTS: readonly (readonly [RegExp, string])[] = [
  [/[\w.?]*\bwatch\?\./g, "undefined?."],
  [/\bwatch\s*\? /g, "undefined ? "],
  [/if \(scope\.watch\)/g, "if (undefined)"],
  [/const watch = beginRun\(.*\);/g, "const watch = undefined;"],
  [/^ *(declare readonly watch: .*|this\.watch = watch;)$/gm, ""],
];

/** Makes both bundles in a folder. */
export async function bundleCutHook(folder: string): Promise<void> {
  const sources = `${folder}/cut_hook`;
  await bundleTo(`${folder}/${files.whole}`, "mod.ts");
  await copy("mod.ts", sources, (text) => text);
  const counts = CUTS.map(() => 0);
  for (const path of filesIn("src")) {
    await copy(
      path,
      sources,
      (text) =>
        CUTS.reduce((text, [place, instead], n) =>
          text.replaceAll(place, () => {
            counts[n]!++;
            return instead;
          }), text),
    );
  }
  const missing = CUTS.find((_, n) => counts[n] === 0);
  if (missing) {
    throw new Error(
      `Cannot cut the hook of observers out as each cut must have a place: current value is ${
        missing[0]
      }`,
    );
  }
  await bundleTo(`${folder}/${files.cut}`, `${sources}/mod.ts`);
}

async function bundleTo(file: string, entry: string): Promise<void> {
  await must(`bundle ${file}`, deno(["bundle", "--quiet", "--minify", "-o", file, entry]));
}

async function copy(
  path: string,
  folder: string,
  change: (text: string) => string,
): Promise<void> {
  const target = join(folder, path);
  await Deno.mkdir(dirname(target), { recursive: true });
  await Deno.writeTextFile(target, change(await Deno.readTextFile(path)));
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}
