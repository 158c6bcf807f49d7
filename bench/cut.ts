// Bundles the library from its sources, as they are or without some of its guarantees. So a row can
// show what these cost a run that does not use them.
import { dirname, join } from "node:path";
import { deno, must } from "../tools/runner/shell.ts";
import { files } from "./contenders/cut.ts";
import { type Cut, cuts } from "./cuts.ts";

/** Makes the bundles of the library as it is, and without the hook for observers. */
export async function bundleCutHook(folder: string): Promise<void> {
  await bundleWithout([], folder, files.whole);
  await bundleWithout(cuts.observers!, folder, files.cut);
}

/** Bundles the library without what the cuts take away; each of them must find its place. */
export async function bundleWithout(
  cuts: readonly Cut[],
  folder: string,
  file: string,
): Promise<void> {
  const sources = `${folder}/sources of ${file}`;
  const counts = cuts.map(() => 0);
  for (const path of ["mod.ts", ...filesIn("src"), "bench/all_at_once.ts"]) {
    let text = await Deno.readTextFile(path);
    cuts.forEach(([place, instead], n) => {
      counts[n]! += text.match(place)?.length ?? 0;
      text = text.replace(place, instead);
    });
    const target = join(sources, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeTextFile(target, text);
  }
  const missing = cuts.find((_, n) => counts[n] === 0);
  if (missing) {
    throw new Error(
      `Cannot bundle ${file} as each cut must have a place: current value is ${missing[0]}`,
    );
  }
  const args = ["bundle", "--quiet", "--minify", "-o", `${folder}/${file}`, `${sources}/mod.ts`];
  await must(`bundle ${file}`, deno(args));
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}
