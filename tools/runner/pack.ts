// Builds the npm package in npm/package and its tarball, npm/package.tgz.
import { bundle, deno, must, shell, write } from "./shell.ts";
import config from "../../deno.json" with { type: "json" };

// Provenance on npm is refused unless this is the repository that publishes.
const repository = Deno.env.get("GITHUB_REPOSITORY") ?? "runsheet/runsheet";

/** The npm packages that we import, with their ranges. */
export const npmRanges: Record<string, string> = Object.fromEntries(
  Object.values(config.imports).flatMap((target) => {
    const [, name, range] = /^npm:(.+)@(.+)$/.exec(target) ?? [];
    return name && range ? [[name, range]] : [];
  }),
);

/** What deno pack knows of its package.json. */
interface Packed {
  main: string;
  types: string;
  exports: Record<string, unknown>;
}

export async function pack(): Promise<void> {
  await must("clear npm", shell("rm -rf npm && mkdir -p npm/package"));
  // deno pack makes the declarations, deno bundle the JavaScript, with the
  // parts of @std that we use: npm has no @std.
  await must(
    "make the declarations",
    deno(["pack", "--quiet", "--allow-dirty", "--ignore=tools", "-o", "npm/pack.tgz"]),
  );
  await must(
    "unpack the declarations",
    shell("tar -xzf pack.tgz --strip-components=1 --exclude=*.js -C package", { cwd: "npm" }),
  );
  const entries = Object.values(config.exports);
  await bundle("npm/package", entries, Object.keys(npmRanges));
  await hideCachePaths("npm/package");
  await closeDeclarations("npm/package");
  // deno pack leaves this import out, and deno bundle leaves nothing of a module of types.
  await append("npm/package/mod.d.ts", 'import type {} from "./src/types/mod.js";');
  await append("npm/package/src/types/mod.js", "export {};");
  const imports = entries.map((entry) => `await import('${entry.replace(/ts$/, "js")}')`);
  await must(
    "import the package where nothing else is installed",
    shell(`node --input-type=module -e "${imports.join("; ")}"`, { cwd: "npm/package" }),
  );
  const packed: Packed = JSON.parse(
    await Deno.readTextFile("npm/package/package.json"),
  );
  await write("npm/package/package.json", manifest(packed));
  await must(
    "copy the documents",
    shell("cp -r README.md LICENSE CHANGELOG.md llms.txt docs npm/package"),
  );
  await must(
    "pack npm/package",
    shell("npm pack --silent ./package && rm pack.tgz && mv *.tgz package.tgz", { cwd: "npm" }),
  );
}

/** Keeps the place of this machine's cache out of the package. */
async function hideCachePaths(folder: string): Promise<void> {
  for (const path of filesIn(folder).filter((path) => path.endsWith(".js"))) {
    const text = await Deno.readTextFile(path);
    const hidden = text.replaceAll(/^\/\/ \.\.\/.*\/(?=deno-std\/|@std\/)/gm, "// ");
    await Deno.writeTextFile(path, hidden);
  }
}

/** Without an `export {}` all that a declaration file declares is exported, and TypeScript tries to name it. */
async function closeDeclarations(folder: string): Promise<void> {
  for (const path of filesIn(folder).filter((path) => path.endsWith(".d.ts"))) {
    await append(path, "export {};");
  }
}

function append(path: string, line: string): Promise<void> {
  return Deno.writeTextFile(path, line + "\n", { append: true });
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

function manifest({ main, types, exports }: Packed) {
  return {
    name: config.name,
    version: config.version,
    description: "Pipelines of typed steps with rollback, retry, timeout and cancellation",
    keywords: ["pipeline", "saga", "rollback", "retry", "workflow", "arktype"],
    license: config.license,
    homepage: `https://github.com/${repository}#readme`,
    bugs: `https://github.com/${repository}/issues`,
    repository: { type: "git", url: `git+https://github.com/${repository}.git` },
    publishConfig: { access: "public", provenance: true },
    type: "module",
    main,
    types,
    exports,
    sideEffects: false,
    engines: { node: ">=20" },
    peerDependencies: { arktype: npmRanges.arktype },
    peerDependenciesMeta: { arktype: { optional: true } },
  };
}
