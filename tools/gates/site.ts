// Builds the site and reads it in a headless Chromium, at the sizes of a desktop and a phone: its
// pages fit, and the search works. `deno run -A tools/gates/site.ts`; with a folder, it puts
// pictures there.
import { assertEquals, assertGreater } from "@std/assert";
import { extname, join } from "node:path";
import { type Page, withPage } from "../runner/chromium.ts";
import { check, finish, type Part, runParts } from "../runner/report.ts";
import { makeSite, site } from "../site.ts";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};
const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const shown = ["", "docs/guide", "docs/coming_from_workflows", "examples/starter/"];

/** Serves the site as hosts do that serve `page.html` for `/page`. */
async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
  const file = extname(path) ? path : `${path}.html`;
  const body = await Deno.readFile(join(site, file)).catch(() => undefined);
  const headers = { "content-type": types[extname(file)] ?? "application/octet-stream" };
  return body ? new Response(body, { headers }) : new Response("not found", { status: 404 });
}

/** The number of pixels of the page that are reached only by scrolling sideways. */
const overflow = "document.body.scrollWidth - document.documentElement.clientWidth";

const search = `(async () => {
  const until = async (find) => {
    for (let found; ; await new Promise((ok) => setTimeout(ok, 50))) if (found = find()) return found;
  };
  (await until(() => document.querySelector("#local-search button"))).click();
  const input = await until(() => document.querySelector(".search-input"));
  input.value = "point of no return";
  input.dispatchEvent(new Event("input"));
  const first = await until(() => document.querySelector(".results a.result"));
  return first.getAttribute("href");
})()`;

async function read(pictures: string | undefined): Promise<void> {
  await makeSite();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  try {
    for (const [name, size] of Object.entries(sizes)) {
      for (const path of shown) {
        const url = `http://127.0.0.1:${server.addr.port}/${path}`;
        await withPage(url, size, async (page: Page) => {
          assertEquals(await page.evaluate(overflow), 0, `${path} must fit a ${name}`);
          if (pictures) {
            await page.screenshot(join(pictures, `${name}-${shown.indexOf(path)}.png`));
          }
          if (path === "" && name === "desktop") {
            assertEquals(await page.evaluate(search), "/docs/failure#the-point-of-no-return");
          }
        });
      }
    }
    const llms = await fetch(`http://127.0.0.1:${server.addr.port}/llms.txt`);
    assertGreater((await llms.text()).length, 10_000);
  } finally {
    await server.shutdown();
  }
}

/** Not a part of `deno task test`: installing and running VitePress takes too long for that. */
export const siteParts: Part[] = [
  check("the site in Chromium, at two widths", () => read(Deno.args[0])),
];

if (import.meta.main) await finish(() => runParts(siteParts));
