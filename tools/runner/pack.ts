// Builds the npm packages and their tarballs: the core in npm/package and npm/package.tgz,
// packages/otel in npm/packages/otel and npm/packages/otel.tgz.
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { core, members, type Package } from "./packages.ts";
import { bundle, deno, must, shell, write } from "./shell.ts";
import config from "../../deno.json" with { type: "json" };

// npm rejects provenance unless this is the publishing repository.
const repository = Deno.env.get("GITHUB_REPOSITORY") ?? "runsheet/runsheet";

/** The documents of every package. */
const papers = ["README.md", "LICENSE"];

/** The fields of package.json that deno pack writes. */
interface Packed {
  main: string;
  types: string;
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
}

/** The fields that we add. */
interface About {
  description: string;
  keywords: string[];
  peerDependencies: Record<string, string | undefined>;
  peerDependenciesMeta?: Record<string, { optional: true }>;
}

export async function pack(): Promise<void> {
  await must("clear npm", shell("rm -rf npm && mkdir -p npm/packages"));
  await packCore("npm/package");
  await Promise.all(members.map((member) => packMember(member, `npm/${member.folder}`)));
}

async function packCore(out: string): Promise<void> {
  const packed = await compile(core, out, "--ignore=tools,packages");
  // deno pack omits this import, and deno bundle drops a module of types.
  await append(`${out}/mod.d.ts`, 'import type {} from "./src/types/mod.js";');
  await append(`${out}/src/types/mod.js`, "export {};");
  const imports = core.entries.map((entry) => `await import('./${entry.replace(/ts$/, "js")}')`);
  await must(
    "import the package where nothing else is installed",
    shell(`node --input-type=module -e "${imports.join("; ")}"`, { cwd: out }),
  );
  await finish(
    core,
    out,
    [...papers, "CHANGELOG.md", "llms.txt", "docs", "examples/starter"],
    packed,
    {
      description: "Pipelines of typed steps with rollback, retry, timeout and cancellation",
      keywords: ["pipeline", "saga", "rollback", "retry", "workflow", "arktype"],
      peerDependencies: { arktype: core.npmRanges.arktype },
      peerDependenciesMeta: { arktype: { optional: true } },
    },
  );
}

async function packMember(member: Package, out: string): Promise<void> {
  const packed = await compile(member, out);
  const readme = await Deno.readTextFile(`${member.folder}/README.md`);
  const [, description = ""] = readme.split("\n\n");
  await finish(member, out, papers, packed, {
    description: description.replace(/\.$/, ""),
    keywords: ["runsheet", basename(member.folder)],
    // The application already has the vendor, and must have it only once.
    peerDependencies: { [core.name]: `^${core.version}`, ...packed.dependencies },
  });
}

/**
 * deno pack makes the declarations; deno bundle makes the JavaScript and inlines @std, which npm
 * does not have.
 */
async function compile(
  { folder, name, entries, npmRanges }: Package,
  out: string,
  ...flags: string[]
): Promise<Packed> {
  const tarball = resolve(`${out}.declarations.tgz`);
  await must(
    `make the declarations of ${name}`,
    deno(["pack", "--quiet", "--allow-dirty", ...flags, "-o", tarball], { cwd: folder }),
  );
  await must(
    "unpack the declarations",
    shell(
      `mkdir -p ${out} && tar -xzf ${out}.declarations.tgz --strip-components=1 --exclude=*.js -C ${out} && rm ${out}.declarations.tgz`,
    ),
  );
  const externals = [...Object.keys(npmRanges), ...(name === core.name ? [] : [core.name])];
  await bundle(out, entries.map((entry) => `${folder}/${entry}`), externals);
  await hideCachePaths(out);
  await closeDeclarations(out);
  return JSON.parse(await Deno.readTextFile(`${out}/package.json`));
}

/** Adds package.json and the documents, and makes the tarball next to the folder. */
async function finish(
  { folder, name, version }: Package,
  out: string,
  documents: string[],
  { main, types, exports }: Packed,
  { description, keywords, ...peers }: About,
): Promise<void> {
  await write(`${out}/package.json`, {
    name,
    version,
    description,
    keywords,
    license: config.license,
    homepage: `https://github.com/${repository}#readme`,
    bugs: `https://github.com/${repository}/issues`,
    repository: {
      type: "git",
      url: `git+https://github.com/${repository}.git`,
      ...(folder !== "." && { directory: folder }),
    },
    publishConfig: { access: "public", provenance: true },
    type: "module",
    main,
    types,
    exports,
    sideEffects: false,
    engines: { node: ">=20" },
    files: ["*"], // everything in the folder is published, the starters' tests too
    ...peers,
  });
  for (const path of documents) {
    const into = `${out}/${dirname(path)}`;
    await must(`copy ${path}`, shell(`mkdir -p ${into} && cp -r ${folder}/${path} ${into}`));
  }
  await linkRepository(folder, out);
  const cwd = dirname(out);
  const packing = shell(`npm pack --silent ./${basename(out)}`, { cwd });
  const made = (await must(`pack ${out}`, packing)).trim();
  await Deno.rename(`${cwd}/${made}`, `${out}.tgz`);
}

/** Lets links to files that are not in a folder of documents lead to the repository. */
export async function linkRepository(folder: string, out: string): Promise<void> {
  for (const path of filesIn(out).filter((path) => /\.(md|txt)$/.test(path))) {
    const text = await Deno.readTextFile(path);
    const linked = text.replaceAll(/(?<=\]\()([^):#]+)(?=[)#])/g, (link) => {
      if (isPage(join(dirname(path), link))) return link;
      const source = join(folder, dirname(relative(out, path)), link);
      return `https://github.com/${repository}/blob/main/${source}`;
    });
    await Deno.writeTextFile(path, linked);
  }
}

function isPage(path: string): boolean {
  return existsSync(path) && (statSync(path).isFile() || existsSync(join(path, "README.md")));
}

/** Keeps the path of this machine's cache out of the package. */
async function hideCachePaths(folder: string): Promise<void> {
  for (const path of filesIn(folder).filter((path) => path.endsWith(".js"))) {
    const text = await Deno.readTextFile(path);
    const hidden = text.replaceAll(/^\/\/ \.\.\/.*\/(?=deno-std\/|@std\/)/gm, "// ");
    await Deno.writeTextFile(path, hidden);
  }
}

/**
 * Without an `export {}`, a declaration file exports everything it declares, and TypeScript tries
 * to name it.
 */
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
