// Builds the site of the docs, with search, from the same Markdown: `deno task site`. VitePress
// makes it, and fails on a dead link.
import { assertNotEquals } from "@std/assert";
import { dirname } from "node:path";
import { makePlayground, playground } from "./playground.ts";
import { linkRepository } from "./runner/pack.ts";
import { must, shell, write } from "./runner/shell.ts";

const folder = "npm/site";

/** The folder of the built site. */
export const site = "npm/site/.vitepress/dist";

const guides = [
  ["First minutes", "examples/starter/README.md"],
  ["Guide", "docs/guide.md"],
  ["When things fail", "docs/failure.md"],
  ["Results", "docs/results.md"],
  ["Types", "docs/types.md"],
  ["Testing", "docs/testing.md"],
  ["Durable runs", "docs/durable.md"],
  ["Observing runs", "docs/observing.md"],
  ["OpenTelemetry", "packages/otel/README.md"],
  ["Edge workers", "docs/edge.md"],
  ["DBOS", "packages/dbos/README.md"],
  ["Restate", "packages/restate/README.md"],
  ["Cloudflare Workflows", "packages/cloudflare/README.md"],
  ["Temporal", "docs/temporal.md"],
  ["Recipes", "docs/recipes.md"],
];
const others = [
  ["API reference", "docs/reference.md"],
  ["Speed", "docs/speed.md"],
  ["From runsheet for Python, runsheet-js, Sage", "docs/coming_from.md"],
  ["From Effect, Cloudflare, Medusa, Temporal", "docs/coming_from_workflows.md"],
  ["Changelog", "CHANGELOG.md"],
];
const pages = ["README.md", ...[...guides, ...others].map(([, path = ""]) => path)];

function group(text: string, entries: string[][]) {
  const items = entries.map(([text, path = ""]) => ({
    text,
    link: `/${path.replace(/(README)?\.md$/, "")}`,
  }));
  return { text, items };
}

const settings = {
  title: "runsheet",
  description: "Business logic as typed steps, with rollback",
  cleanUrls: true,
  rewrites: { "README.md": "index.md", ":path(.*)/README.md": ":path/index.md" },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [{ text: "Playground", link: "/playground.html", target: "_blank" }],
    sidebar: [group("Use it", guides), group("Look it up", others)],
    socialLinks: [{ icon: "github", link: "https://github.com/runsheet/runsheet" }],
  },
};

export async function makeSite(): Promise<void> {
  await must("clear the pages", shell(`rm -rf ${folder} && mkdir -p ${folder}/public`));
  for (const path of pages) {
    const into = `${folder}/${dirname(path)}`;
    await must(`copy ${path}`, shell(`mkdir -p ${into} && cp ${path} ${into}`));
  }
  await linkRepository(".", folder);
  await showPlayground();
  await makePlayground();
  await must("copy what is no page", shell(`cp ${playground} llms.txt ${folder}/public`));
  await Deno.mkdir(`${folder}/.vitepress`);
  await write(`${folder}/.vitepress/config.mjs`, `export default ${JSON.stringify(settings)};`);
  await write(`${folder}/package.json`, { type: "module", dependencies: { vitepress: "1.6.4" } });
  const install = "npm install --silent --no-audit --no-fund";
  await must("install VitePress", shell(install, { cwd: folder }));
  await must("build the site", shell("npx --no-install vitepress build", { cwd: folder }));
}

/** On GitHub, the front page shows the graph as a picture; here, it shows the playground. */
async function showPlayground(): Promise<void> {
  const text = await Deno.readTextFile(`${folder}/README.md`);
  const frame = '<iframe src="/playground.html" title="playground" style="width: 100%; ' +
    'height: 40rem; border: 1px solid var(--vp-c-divider); border-radius: 8px"></iframe>';
  const shown = text.replace(
    /^`mermaid[^]*?^```mermaid\n[^]*?^```$/m,
    `This one runs in your browser, with \`describe\`, an observer and \`html\`:\n\n${frame}`,
  );
  assertNotEquals(shown, text);
  await write(`${folder}/README.md`, shown);
}

if (import.meta.main) {
  await makeSite();
  console.log(`Serve ${site}: npx --prefix ${folder} vitepress preview ${folder}`);
}
