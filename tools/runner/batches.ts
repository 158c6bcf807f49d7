import { write } from "./shell.ts";

/** The tests that run everywhere, and the scripts that they spawn. */
export function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (name === "deno" || name === "miniflare") return [];
    if (isDirectory) return testFiles(path);
    const wanted = name.endsWith(".test.ts") || folder.endsWith("/processes");
    return wanted ? [path] : [];
  }).sort();
}

/**
 * Writes a module for each folder of tests that imports all of them, because to start a process or
 * an isolate for each file costs more than most files of tests.
 */
export async function writeBatches(
  out: string,
  extension: string,
  specifier: (path: string) => string,
): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const files = testFiles("tests").filter((path) => path.endsWith(".test.ts"));
  const byFolder = Object.groupBy(files, (path) => path.split("/")[1] ?? "");
  for (const [folder, paths = []] of Object.entries(byFolder)) {
    const lines = paths.map((path) => `import ${JSON.stringify(specifier(path))};`);
    await write(`${out}/${folder}${extension}`, lines.join("\n"));
  }
}
