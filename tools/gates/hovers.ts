// Compares the hovers that editors show for the code above each `^?` in tests/types/hovers/ with
// tests/types/hovers.txt, for the compilers that have a language service in JavaScript. After
// `deno task test:npm` has made npm/app: `deno run -A tools/gates/hovers.ts`, and with `--update` to
// write tests/types/hovers.txt.
import { assertEquals } from "@std/assert";
import { compilers } from "../runner/app.ts";
import { languageService } from "../runner/language_service.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";

const source = "tests/types/hovers/checkout.ts";
const snapshot = "tests/types/hovers.txt";
/** The names of internal types, which mean nothing to those who read a hover. */
const internals =
  /\b(Made|Unset|Fold|Folded|Begun|BuilderAfter|Built|Sight|RulesOf|Flat|Plus|PredicateOf)</;

export const hoverParts: Part[] = ["typescript-5.6", "typescript-5.9", "typescript-6"].map(
  (alias) =>
    check(`hovers of tsc ${compilers[alias]}`, async () => {
      const shown = hoversOf(alias, await Deno.readTextFile(source));
      assertEquals(shown.filter((text) => internals.test(text)), [], "no hover may show internals");
      const current = shown.join("\n\n") + "\n";
      if (Deno.args.includes("--update")) return await Deno.writeTextFile(snapshot, current);
      assertEquals(current, await Deno.readTextFile(snapshot), `${snapshot} must be what is shown`);
    }),
);

function hoversOf(alias: string, text: string): string[] {
  const { compiler, open } = languageService(alias);
  const { path, service } = open("hovers.ts", text);
  const wrong = service.getSemanticDiagnostics(path).map(({ messageText }) => messageText);
  assertEquals(wrong, [], `${source} must have no errors`);
  return placesIn(text).map((at) => {
    const info = service.getQuickInfoAtPosition(path, at);
    if (!info) throw new Error(`Cannot hover in ${source} as there must be a name at ${at}`);
    return compiler.displayPartsToString(info.displayParts);
  });
}

/** The code that the marks point up to, past comments. */
function placesIn(text: string): number[] {
  const places: number[] = [];
  let above = 0;
  let start = 0;
  for (const line of text.split("\n")) {
    const isComment = line.trimStart().startsWith("//");
    if (!isComment) above = start;
    else if (start > 0) {
      for (const { index } of line.matchAll(/\^\?/g)) places.push(above + index);
    }
    start += line.length + 1;
  }
  return places;
}

if (import.meta.main) await finish(async () => await runParts(hoverParts));
