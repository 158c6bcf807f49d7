// The rules of CONTRIBUTING.md on how the source is laid out, as functions
// from the files to what is wrong with them.
import { join } from "node:path/posix";

/** The text of every TypeScript file, by its path from the repository's root. */
export type Files = ReadonlyMap<string, string>;

/** A row of the layers table: its files may import lower rows and their own. */
export interface Layer {
  name: string;
  /** Paths in src/ where * stands for any part of a file's name. */
  patterns: string[];
}

/** The layers with which these rules know what belongs where, lowest first. */
export type Rule = (files: Files, layers: Layer[]) => string[];

const longest = 400;

/** Reads the layers table of CONTRIBUTING.md. */
export function parseLayers(markdown: string): Layer[] {
  return [...markdown.matchAll(/^\| (\d|edge) +\|(.+)\|.+\|$/gm)].map((
    [, name = "", cell = ""],
  ) => ({
    name,
    patterns: [...cell.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path),
  }));
}

export const rules: Record<string, Rule> = {
  "every file of src stands in one layer": (files, layers) =>
    inSource(files).filter(([path]) => layersOf(path, layers).length !== 1)
      .map(([path]) =>
        `${path} must stand in one row of the layers table in CONTRIBUTING.md: it stands in ${
          layersOf(path, layers).length
        }`
      ),

  "imports go down, or stay in the layer": (files, layers) =>
    edges(files).filter(([from, to]) => level(to, layers) > level(from, layers))
      .map(([from, to]) => `${from} must not import ${to}, a layer above it`),

  "nothing imports in a circle": (files) =>
    [...files.keys()].filter((path) => reaches(path, path, edges(files)))
      .map((path) => `${path} must not import itself, through others`),

  "combinators import neither each other nor pipeline.ts, and step.ts imports no combinator": (
    files,
  ) =>
    edges(files).filter(([from, to]) =>
      (isCombinator(from) && (isCombinator(to) || isPipeline(to))) ||
      (from === "src/step.ts" && (isCombinator(to) || isPipeline(to)))
    ).map(([from, to]) => `${from} must not import ${to}`),

  "nothing in src imports mod.ts": (files) =>
    edges(files).filter(([, to]) => to === "mod.ts")
      .map(([from]) => `${from} must not import mod.ts`),

  "src imports no package but @std/async, and arktype's types": (
    files,
    layers,
  ) =>
    inSource(files).flatMap(([path, text]) =>
      isEdge(path, layers)
        ? []
        : imports(text).filter(({ specifier, type }) =>
          !specifier.startsWith(".") && !specifier.startsWith("@std/async/") &&
          !(specifier === "arktype" && type)
        ).map(({ specifier }) => `${path} must not import ${specifier}`)
    ),

  "src uses no runtime's globals": (files, layers) =>
    inSource(files).filter(([path]) => !isEdge(path, layers))
      .flatMap(([path, text]) =>
        [...code(text).matchAll(/\b(Deno|Bun|Buffer|process)\s*[.?[(]/g)]
          .map(([, name]) => `${path} must not use ${name}`)
      ),

  "unsafe casts stand in one file of src": (files) => {
    const unsafe = inSource(files).filter(([, text]) =>
      /\bas (unknown as|never|any)\b/.test(code(text))
    ).map(([path]) => path);
    return unsafe.length <= 1
      ? []
      : [`unsafe casts must stand in one file: they stand in [${unsafe}]`];
  },

  "mod.ts and src/testing.ts have nothing but named re-exports": (files) =>
    ["mod.ts", "src/testing.ts"].flatMap((path) => {
      const rest = withoutComments(files.get(path) ?? "missing")
        .replaceAll(/export (type )?\{[^}]*\} from "\.\/(src|testing)\/[^"]+";/g, "")
        .trim();
      return rest === "" ? [] : [`${path} must not have: ${rest.split("\n")[0]}`];
    }),

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

function layersOf(path: string, layers: Layer[]): Layer[] {
  const matches = (pattern: string) =>
    new RegExp(`^src/${pattern.replace(".", "\\.").replace("*", "[^/]*")}$`)
      .test(path);
  return layers.filter(({ patterns }) => patterns.some(matches));
}

// Files that stand nowhere are reported by the first rule, and by no other.
function level(path: string, layers: Layer[]): number {
  const [layer] = layersOf(path, layers);
  return layer ? layers.indexOf(layer) : NaN;
}

function isEdge(path: string, layers: Layer[]): boolean {
  return layersOf(path, layers).some(({ name }) => name === "edge");
}

function isCombinator(path: string): boolean {
  return path.startsWith("src/combinators/");
}

function isPipeline(path: string): boolean {
  return path === "src/pipeline.ts" || path === "src/builder.ts";
}

interface Import {
  specifier: string;
  /** Whether it vanishes when the types do. */
  type: boolean;
}

function imports(text: string): Import[] {
  const statements =
    /^(?:import|export)(?<type> type)?\s+(?:[\w\s{},*]*?\bfrom\s+)?"(?<specifier>[^"]+)"/gm;
  const calls = /\bimport\(\s*"(?<specifier>[^"]+)"\s*\)/g;
  return [statements, calls].flatMap((pattern) =>
    [...withoutComments(text).matchAll(pattern)].map(({ groups = {} }) => ({
      specifier: groups.specifier ?? "",
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
