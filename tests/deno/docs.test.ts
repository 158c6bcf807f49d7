// The documents match the code: llms.txt lists every public symbol, its blocks run, and no link is
// dead.
import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "node:path/posix";

const llms = Deno.readTextFileSync("llms.txt");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "llms.txt",
  "examples/starter/README.md",
  ...[...Deno.readDirSync("packages")].map(({ name }) => `packages/${name}/README.md`),
  ...[...Deno.readDirSync("docs")].map(({ name }) => `docs/${name}`),
];

const entries = {
  "@runsheet/runsheet": "mod.ts",
  "@runsheet/runsheet/durable": "src/durable/mod.ts",
  "@runsheet/runsheet/observe": "src/observe/mod.ts",
  "@runsheet/runsheet/report": "src/timeline/mod.ts",
  "@runsheet/runsheet/graph": "src/graph/mod.ts",
  "@runsheet/runsheet/testing": "src/testing/mod.ts",
};

for (const [name, entry] of Object.entries(entries)) {
  Deno.test(`llms.txt lists the symbols of ${name}, all of them and no others`, async () => {
    const [, section = ""] = llms.split(`\n## Symbols of ${name}\n`);
    const [lines = ""] = section.split("\n## ");
    const listed = [...lines.matchAll(/^- ((?:`\w+`(?:, )?)+): /gm)]
      .flatMap(([, names = ""]) => names.replaceAll("`", "").split(", "));
    assertEquals([...listed].sort(), await exportsOf(entry));
  });
}

interface Documented {
  nodes: Record<string, { symbols: { name: string }[] }>;
}

async function exportsOf(entry: string): Promise<string[]> {
  const { code, output } = await deno(["doc", "--json", entry]);
  assertEquals(code, 0, output);
  const { nodes }: Documented = JSON.parse(output);
  return Object.values(nodes).flatMap(({ symbols }) => symbols.map(({ name }) => name)).sort();
}

Deno.test("the blocks of llms.txt run unchanged", async () => {
  const folder = await Deno.makeTempDir();
  try {
    // Only Markdown is searched for blocks.
    await Deno.writeTextFile(`${folder}/llms.md`, llms);
    const config = join(Deno.cwd(), "deno.json");
    const { code, output } = await deno([
      "test",
      "-A",
      "--doc",
      `--config=${config}`,
      `${folder}/llms.md`,
    ]);
    assertEquals(code, 0, output);
    assertMatch(output, /ok \| [5-9] passed/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const page of pages) {
  Deno.test(`the links of ${page} work`, () => {
    const text = proseOf(page);
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const dead = links.filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      return !exists(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    assertEquals(dead, []);
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** A page without its blocks of code. */
function proseOf(page: string): string {
  return Deno.readTextFileSync(page).replaceAll(/^```[^]*?^```/gm, "");
}

/** The anchors that GitHub makes from headings. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\w\s-]/g, "").trim().replaceAll(" ", "-")
  );
}

async function deno(args: string[]): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  const errors = args[0] === "doc" && code === 0 ? "" : decoder.decode(stderr);
  return { code, output: decoder.decode(stdout) + errors };
}
