// The language service of a compiler that has one in JavaScript, for a file in npm/app.
import { createRequire } from "node:module";
import { resolve } from "node:path";

/** The parts of the compiler that are used here. */
interface Compiler {
  readonly sys: { readFile(name: string): string | undefined; fileExists(name: string): boolean };
  readonly ScriptSnapshot: { fromString(text: string): unknown };
  parseJsonConfigFileContent(config: object, host: unknown, folder: string): { options: unknown };
  getDefaultLibFilePath(options: unknown): string;
  createLanguageService(host: object, registry: unknown): Service;
  createDocumentRegistry(): unknown;
  displayPartsToString(parts: unknown): string;
}

interface Service {
  getSemanticDiagnostics(path: string): { readonly messageText: unknown }[];
  getQuickInfoAtPosition(path: string, at: number): { displayParts: unknown } | undefined;
  getCompletionsAtPosition(
    path: string,
    at: number,
    options: object,
  ): { readonly entries: { readonly name: string }[] } | undefined;
  getProgram(): { getInstantiationCount(): number; getTypeCount(): number };
}

/** A file that an editor has open. */
export interface OpenFile {
  readonly path: string;
  readonly service: Service;
  edit(text: string): void;
}

/** Loads a compiler, whose files share the parsed sources. */
export function languageService(
  alias: string,
): { readonly compiler: Compiler; open(name: string, text: string): OpenFile } {
  const app = resolve("npm/app");
  const compiler: Compiler = createRequire(`${app}/`)(`./node_modules/${alias}/lib/typescript.js`);
  const { sys } = compiler;
  const compilerOptions = { noErrorTruncation: true, skipLibCheck: true };
  const config = { extends: "./tsconfig.json", compilerOptions };
  const { options } = compiler.parseJsonConfigFileContent(config, sys, app);
  const registry = compiler.createDocumentRegistry();
  const open = (name: string, text: string): OpenFile => {
    const path = `${app}/${name}`;
    let version = 0;
    const read = (name: string) => name === path ? text : sys.readFile(name);
    const host = {
      ...sys,
      getScriptFileNames: () => [path],
      getScriptVersion: (name: string) => String(name === path ? version : 0),
      getScriptSnapshot: (name: string) => {
        const content = read(name);
        return content === undefined ? undefined : compiler.ScriptSnapshot.fromString(content);
      },
      getCurrentDirectory: () => app,
      getCompilationSettings: () => options,
      getDefaultLibFileName: compiler.getDefaultLibFilePath,
      useCaseSensitiveFileNames: () => true,
      readFile: read,
      fileExists: (name: string) => name === path || sys.fileExists(name),
    };
    const edit = (changed: string) => {
      text = changed;
      version++;
    };
    return { path, service: compiler.createLanguageService(host, registry), edit };
  };
  return { compiler, open };
}
