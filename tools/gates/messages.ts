// Compares the compilers' messages about tests/types/mistakes/ with the comments above the
// mistakes. `deno run -A tools/gates/messages.ts --update` writes the complete messages of the
// newest compiler to tests/types/messages.txt.
import { assertEquals } from "@std/assert";
import { compilers } from "../runner/app.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { must, shell, write } from "../runner/shell.ts";

const source = "tests/types/mistakes";
const snapshot = "tests/types/messages.txt";
const newest = Object.keys(compilers).at(-1);

export const messageParts: Part[] = Object.entries(compilers).map(([alias, range]) =>
  check(`messages of tsc ${range}`, async () => {
    const texts = await readSources();
    const mistakes = Object.entries(texts).flatMap(expectedIn);
    const said = await messagesOf(alias, texts);
    const wrong = mistakes.filter(({ place, sentence }) => {
      const [message, ...others] = said.get(place) ?? [];
      return message === undefined || others.length > 0 ||
        !sorted(message).includes(sorted(sentence));
    }).map((mistake) => ({ ...mistake, said: said.get(mistake.place) ?? [] }));
    assertEquals(
      wrong,
      [],
      "each mistake must get one message, with the sentence above it",
    );
    const places = mistakes.map(({ place }) => place);
    assertEquals(
      [...said.keys()].filter((place) => !places.includes(place)),
      [],
      "nothing else may be wrong",
    );
    if (alias === newest) await compare(mistakes, said);
  })
);

interface Mistake {
  readonly name: string;
  /** The file and the line. */
  readonly place: string;
  readonly sentence: string;
}

async function readSources(): Promise<Record<string, string>> {
  const names = [...Deno.readDirSync(source)].map(({ name }) => name).sort();
  const read = async (name: string) => [name, await Deno.readTextFile(`${source}/${name}`)];
  return Object.fromEntries(await Promise.all(names.map(read)));
}

function expectedIn([file, text]: [string, string]): Mistake[] {
  let name = "";
  return text.split("\n").flatMap((content, index) => {
    name = /^ {2}(\w+): (?:async )?\(\) =>/.exec(content)?.[1] ?? name;
    const sentence = /@ts-expect-error (.*)/.exec(content)?.[1];
    return sentence === undefined ? [] : [{ name, place: `${file}:${index + 2}`, sentence }];
  });
}

/** The messages of a compiler without the directives, by place. */
async function messagesOf(
  alias: string,
  texts: Record<string, string>,
): Promise<Map<string, string[]>> {
  const folder = `npm/app/messages-${alias}`;
  await must("clear", shell(`rm -rf ${folder} && mkdir ${folder}`));
  for (const [name, text] of Object.entries(texts)) {
    await write(`${folder}/${name}`, text.replaceAll("@ts-expect-error", "expected:"));
  }
  await write(`${folder}/tsconfig.json`, {
    extends: "../tsconfig.json",
    compilerOptions: { noEmit: true, noErrorTruncation: true, skipLibCheck: true, rootDir: "." },
    include: ["*.ts"],
  });
  const tsc = `node ../node_modules/${alias}/bin/tsc --pretty false`;
  const { output } = await shell(tsc, { cwd: folder });
  const messages = new Map<string, string[]>();
  for (const block of output.split(/\n(?=\S)/)) {
    const [, file, line, message] = /^(\w+\.ts)\((\d+),\d+\): error \w+: ([^]*)/.exec(block) ?? [];
    if (message === undefined) continue;
    const place = `${file}:${line}`;
    messages.set(place, [...messages.get(place) ?? [], message.trimEnd()]);
  }
  return messages;
}

/** The order of keys and of members of a union differs between versions. */
function sorted(message: string): string {
  const inner = /\{ ([^{}]*) \}/g;
  const union = /"\w+"( \| ("\w+"|undefined))+/g;
  let text = message.replaceAll(union, (members) => members.split(" | ").sort().join(" | "));
  while (inner.test(text)) {
    text = text.replaceAll(
      inner,
      (_, pairs: string) =>
        `(${pairs.split(";").map((pair) => pair.trim()).filter(Boolean).sort().join("; ")})`,
    );
  }
  return text;
}

async function compare(mistakes: Mistake[], said: Map<string, string[]>): Promise<void> {
  const current = mistakes.map(({ name, place }) => `${name}\n${said.get(place)?.join("\n")}\n`)
    .join(
      "\n",
    );
  if (Deno.args.includes("--update")) return await Deno.writeTextFile(snapshot, current);
  assertEquals(
    sorted(current),
    sorted(await Deno.readTextFile(snapshot)),
    `${snapshot} must have the messages of ${newest}`,
  );
  // Each sentence quoted in the docs must be a real message.
  const [, section = ""] = (await Deno.readTextFile("docs/types.md")).split(
    "## What the compiler tells you",
  );
  const [, quoted = ""] = /```text\n([^]*?)```/.exec(section) ?? [];
  const sentences = quoted.split("\n").filter((text) => text !== "");
  assertEquals(sentences.filter((sentence) => !sorted(current).includes(sorted(sentence))), []);
  assertEquals(sentences.length > 5, true, "the docs must quote what the compiler says");
}

if (import.meta.main) await finish(async () => await runParts(messageParts));
