// The rules of CONTRIBUTING.md about the layout of the source, as functions from the files to
// complaints.
import { join } from "node:path/posix";

/** The text of every TypeScript file, by its path from the repository's root. */
export type Files = ReadonlyMap<string, string>;

/** A folder of src/: its files may import those of the folders before it, and of its own. */
export interface Layer {
  folder: string;
  /** Whether code that needs a vendor or a runtime is allowed in it. */
  isAdapter: boolean;
}

/** Returns complaints about the files, given the layers, lowest first. */
export type Rule = (files: Files, layers: Layer[]) => string[];

const longest = 400;
const CASTS = "src/values/cast.ts";
const TYPES_ENTRY = "src/types/mod.ts";
const ENTRIES = [
  "mod.ts",
  "src/durable/mod.ts",
  "src/observe/mod.ts",
  "src/timeline/mod.ts",
  "src/graph/mod.ts",
  "src/testing/mod.ts",
  TYPES_ENTRY,
];

/** Reads the table of folders in CONTRIBUTING.md. */
export function parseLayers(markdown: string): Layer[] {
  return [...markdown.matchAll(/^\| `src\/(\w+)\/`(, adapters?)? +\|.+\|$/gm)].map((
    [, folder = "", adapter],
  ) => ({ folder, isAdapter: adapter !== undefined }));
}

export const rules: Record<string, Rule> = {
  "every file of src is in a folder that CONTRIBUTING.md lists": (files, layers) =>
    inSource(files).filter(([path]) => !layerOf(path, layers))
      .map(([path]) => `${path} must be in a folder that CONTRIBUTING.md lists`),

  "every folder that CONTRIBUTING.md lists has files": (files, layers) =>
    layers.filter(({ folder }) => !inSource(files).some(([path]) => folderOf(path) === folder))
      .map(({ folder }) => `CONTRIBUTING.md must not list src/${folder}/, which has no file`),

  "imports go down, or stay in the folder": (files, layers) =>
    edges(files).filter(([from, to]) => level(to, layers) > level(from, layers))
      .map(([from, to]) => `${from} must not import ${to}, which is above it`),

  "nothing imports in a cycle": (files) => {
    const all = edges(files);
    return [...files.keys()].filter((path) => reaches(path, path, all))
      .map((path) => `${path} must not import itself, through others`);
  },

  "combinators do not import each other": (files) =>
    edges(files).filter(([from, to]) => isCombinator(from) && isCombinator(to))
      .map(([from, to]) => `${from} must not import ${to}`),

  "nothing in src imports mod.ts": (files) =>
    edges(files).filter(([, to]) => to === "mod.ts")
      .map(([from]) => `${from} must not import mod.ts`),

  "src imports no package but @std/async, and arktype's types": (
    files,
    layers,
  ) =>
    inSource(files).flatMap(([path, text]) =>
      layerOf(path, layers)?.isAdapter
        ? []
        : imports(text).filter(({ specifier, type }) =>
          !specifier.startsWith(".") && !specifier.startsWith("@std/async/") &&
          !(specifier === "arktype" && type)
        ).map(({ specifier }) => `${path} must not import ${specifier}`)
    ),

  "src uses no runtime's globals": (files, layers) =>
    inSource(files).filter(([path]) => !layerOf(path, layers)?.isAdapter)
      .flatMap(([path, text]) =>
        [...code(text).matchAll(/\b(Deno|Bun|Buffer|process)\s*[.?[(]/g)]
          .map(([, name]) => `${path} must not use ${name}`)
      ),

  "unsafe casts are in one file of src": (files) =>
    inSource(files).filter(([path, text]) => path !== CASTS && hasUnsafeCast(code(text)))
      .map(([path]) => `${path} must not cast, as unsafe casts belong in ${CASTS}`),

  "entry points have nothing but named re-exports": (files) =>
    ENTRIES.flatMap((path) => {
      const rest = withoutComments(files.get(path) ?? "missing")
        .replaceAll(/(export|import) (type )?\{[^}]*\} from "\.\.?\/[^"]+";/g, "")
        .trim();
      return rest === "" ? [] : [`${path} must not have: ${rest.split("\n")[0]}`];
    }),

  "entry points show users nothing that is internal": (files) =>
    ENTRIES.filter((path) => path !== TYPES_ENTRY).flatMap((path) => {
      const shown = imports(files.get(path) ?? "").flatMap(({ specifier, names }) =>
        names.map((name) => `${join(path, "..", specifier)} ${name}`)
      );
      return declarations(files).filter((one) =>
        one.isInternal && shown.includes(`${one.path} ${one.name}`)
      ).map(({ name }) => `${path} must not export ${name}, which is internal`);
    }),

  "src/types/mod.ts exports everything internal in src/types": (files) => {
    const shown = imports(files.get(TYPES_ENTRY) ?? "").flatMap(({ names }) => names);
    return declarations(files).filter(({ path, name, isExported, isInternal }) =>
      isTypes(path) && isExported && isInternal && !shown.includes(name)
    ).map(({ name }) => `${TYPES_ENTRY} must export ${name}`);
  },

  // The compiler must show a step without `retry` like any other.
  "a name in src/types means nothing else in src, but that of Step": (files) => {
    const all = declarations(files);
    return all.filter((one) =>
      isTypes(one.path) && one.name !== "Step" &&
      all.some(({ path, name }) => name === one.name && path !== one.path)
    ).map(({ path, name }) => `${path} must not declare ${name}, which another file declares, too`);
  },

  "file names are in snake_case": (files) =>
    [...files.keys()].filter((path) =>
      !/^(\.?[a-z0-9_]+\/)*[a-z0-9_]+(\.test|\.d)?\.ts$/.test(path)
    ).map((path) => `${path} must be in snake_case`),

  [`no file has more than ${longest} lines`]: (files) =>
    [...files].map(([path, text]) => ({ path, lines: text.split("\n").length }))
      .filter(({ lines }) => lines > longest + 1)
      .map(({ path, lines }) => `${path} must have at most ${longest} lines: it has ${lines - 1}`),
};

function inSource(files: Files): [path: string, text: string][] {
  return [...files].filter(([path]) => path.startsWith("src/"));
}

function folderOf(path: string): string {
  return path.split("/").length > 2 ? path.split("/")[1]! : "";
}

function layerOf(path: string, layers: Layer[]): Layer | undefined {
  return layers.find(({ folder }) => folder === folderOf(path));
}

// Files outside all folders are reported only by the first rule.
function level(path: string, layers: Layer[]): number {
  const layer = layerOf(path, layers);
  return layer ? layers.indexOf(layer) : NaN;
}

/** Whether a value is cast to an unchecked type: any, never, or a type parameter of the caller. */
function hasUnsafeCast(text: string): boolean {
  if (/\bas (any|never|unknown as)\b/.test(text)) return true;
  const lists = text.matchAll(/\b(?:function\s*\w*|class \w+|[=(,:] *)<((?:[^<>()]|<[^<>]*>)+)>/g);
  const parameters = [...lists].flatMap(([, list = ""]) =>
    list.split(",").map((one) => /^\s*(?:const )?(\w+)/.exec(one)?.[1])
  );
  return [...text.matchAll(/\bas (?:readonly )?(\w+)(<[^;]*>)?/g)].some(([, name, rest = ""]) =>
    parameters.includes(name) || parameters.some((one) => new RegExp(`\\b${one}\\b`).test(rest))
  );
}

function isCombinator(path: string): boolean {
  return path.startsWith("src/combinators/");
}

function isTypes(path: string): boolean {
  return path.startsWith("src/types/");
}

interface Declaration {
  path: string;
  name: string;
  isExported: boolean;
  isInternal: boolean;
}

function declarations(files: Files): Declaration[] {
  const pattern =
    /(\/\*\*(?:(?!\*\/)[^])*\*\/\s*)?^(export )?(?:declare )?(?:async )?(?:type|interface|const|class|function) (\w+)/gm;
  return inSource(files).flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map(([, doc = "", exported, name = ""]) => ({
      path,
      name,
      isExported: exported !== undefined,
      isInternal: /@internal\b/.test(doc),
    }))
  );
}

interface Import {
  specifier: string;
  names: string[];
  /** Whether it is erased with the types. */
  type: boolean;
}

function imports(text: string): Import[] {
  const statements =
    /^(?:import|export)(?<type> type)?\s+(?:(?<names>[\w\s{},*]*?)\bfrom\s+)?"(?<specifier>[^"]+)"/gm;
  const calls = /\bimport\(\s*"(?<specifier>[^"]+)"\s*\)/g;
  return [statements, calls].flatMap((pattern) =>
    [...withoutComments(text).matchAll(pattern)].map(({ groups = {} }) => ({
      specifier: groups.specifier ?? "",
      names: (groups.names ?? "").match(/\b(?!type\b)\w+/g) ?? [],
      type: groups.type !== undefined,
    }))
  );
}

function edges(files: Files): [from: string, to: string][] {
  return inSource(files).flatMap(([path, text]) =>
    imports(text).filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }): [string, string] => [
        path,
        join(path, "..", specifier),
      ])
  );
}

function reaches(
  from: string,
  to: string,
  all: [from: string, to: string][],
  seen: Set<string> = new Set(),
): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  return all.filter(([path]) => path === from).some(([, next]) =>
    next === to || reaches(next, to, all, seen)
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "");
}

function code(text: string): string {
  return withoutComments(text).replaceAll(/"(\\.|[^"\\\n])*"/g, '""');
}
