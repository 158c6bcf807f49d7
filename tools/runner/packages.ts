// The published packages: the core, and those of packages/, each of which needs a vendor.
import { join } from "node:path";

/** A package as described by its deno.json. */
export interface Package {
  /** Its folder. */
  folder: string;
  name: string;
  version: string;
  /** Its entries, without `./`. */
  entries: string[];
  /** The npm packages that it imports, with their ranges. */
  npmRanges: Record<string, string>;
}

interface Config {
  name: string;
  version: string;
  exports: string | Record<string, string>;
  imports: Record<string, string>;
}

/** Reads a package's deno.json. */
export function readPackage(folder: string): Package {
  const text = Deno.readTextFileSync(join(folder, "deno.json"));
  const { name, version, exports, imports }: Config = JSON.parse(text);
  const entries = typeof exports === "string" ? [exports] : Object.values(exports);
  const npmRanges = Object.values(imports).flatMap((target) => {
    const [, name, range] = /^npm:(.+)@(.+)$/.exec(target) ?? [];
    return name && range ? [[name, range]] : [];
  });
  return {
    folder,
    name,
    version,
    entries: entries.map((entry) => entry.replace(/^\.\//, "")),
    npmRanges: Object.fromEntries(npmRanges),
  };
}

/** The core package. */
export const core: Package = readPackage(".");

/** The packages for users of a vendor. */
export const members: Package[] = [...Deno.readDirSync("packages")]
  .map(({ name }) => readPackage(`packages/${name}`))
  .sort((a, b) => a.name < b.name ? -1 : 1);
