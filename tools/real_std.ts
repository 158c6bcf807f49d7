// Drops the stand-ins for the packages of JSR, if JSR is reachable: `deno run -A tools/real_std.ts
// && deno install --frozen=false`.
import config from "../deno.json" with { type: "json" };

async function edit(path: string, pattern: RegExp, replacement: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(pattern, replacement));
}

await edit("deno.json", /"\.\/tools\/std\/\*", /, "");
await edit(
  "tools/gates/web.jsonc",
  /"@std\/async\/delay": .*/,
  `"@std/async": "${config.imports["@std/async"]}"`,
);
await Deno.remove("tools/std", { recursive: true });
