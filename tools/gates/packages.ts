// Applies the checks of `deno task check` to the packages in packages/: docs, and types that JSR
// can read.
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { core, members, type Package } from "../runner/packages.ts";
import { check, finish, runParts } from "../runner/report.ts";
import { deno, must } from "../runner/shell.ts";

/**
 * Ignores complaints of `deno doc --lint` about types of other packages, which are documented
 * there.
 */
async function lintDocs({ folder, entries }: Package): Promise<void> {
  const { code, output } = await deno(["doc", "--lint", ...entries], { cwd: folder });
  if (code === 0) return;
  const complaints = [...output.matchAll(/^error\[[^]+?(?=^error|$(?![^]))/gm)].map(([text]) =>
    text
  );
  assert(complaints.length > 0, output);
  const imported = importedNames(folder);
  const ours = complaints.filter((complaint) => {
    const [, type = ""] = /references private type '(.+)'/.exec(complaint) ?? [];
    return !imported.has(type);
  });
  assertEquals(ours, []);
}

/** The names that a package imports from others. */
function importedNames(folder: string): Set<string> {
  const paths = [
    "mod.ts",
    ...[...Deno.readDirSync(`${folder}/src`)].map(({ name }) => `src/${name}`),
  ];
  const lists = paths.flatMap((path) => {
    const text = Deno.readTextFileSync(join(folder, path));
    return [...text.matchAll(/import (?:type )?\{([^}]+)\} from "(?!\.)/g)];
  });
  const names = lists.flatMap(([, list = ""]) => list.split(","));
  return new Set(names.map((name) => name.trim().replace(/^type /, "")));
}

if (import.meta.main) {
  const parts = members.map((member) =>
    check(`docs and publishing of ${member.name}`, async () => {
      assertEquals(member.version, core.version, "all packages have one version");
      await lintDocs(member);
      // `deno check` has checked their types.
      const publish = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
      await must(`publish ${member.name}`, deno(publish, { cwd: member.folder }));
    })
  );
  await finish(() => runParts(parts));
}
