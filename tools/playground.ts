// Makes the playground, one page without anything beside it: `deno task playground`.
import { assertEquals } from "@std/assert";
import { deno, must } from "./runner/shell.ts";

const folder = "examples/playground";

/** The path of the page. */
export const playground = "examples/playground/playground.html";

export async function makePlayground(): Promise<void> {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  const flags = ["--quiet", "--platform=browser", "--minify", "-o", script];
  await must("bundle the playground", deno(["bundle", ...flags, `${folder}/main.ts`]));
  const code = (await Deno.readTextFile(script)).replaceAll("</script", "<\\/script");
  await Deno.remove(script);
  const parts = (await Deno.readTextFile(`${folder}/page.html`)).split("/* main.ts */");
  assertEquals(parts.length, 2);
  await Deno.writeTextFile(playground, parts.join(code));
}

if (import.meta.main) {
  await makePlayground();
  console.log(`Open ${playground} in a browser`);
}
