import { assertEquals, assertStringIncludes } from "@std/assert";

const read = (path: string) => Deno.readTextFileSync(path);
const { version }: { version: string } = JSON.parse(read("deno.json"));

Deno.test("all packages have one version, the newest of the changelog", () => {
  for (const { name } of Deno.readDirSync("packages")) {
    assertEquals([name, JSON.parse(read(`packages/${name}/deno.json`)).version], [name, version]);
  }
  assertEquals(/^## \[?(\d+\.\d+\.\d+)/m.exec(read("CHANGELOG.md"))?.[1], version);
});

Deno.test("the starters install this version", () => {
  for (const name of ["node", "bun"]) {
    const { dependencies } = JSON.parse(read(`examples/starter/${name}/package.json`));
    assertEquals(dependencies["@runsheet/runsheet"], `^${version}`);
  }
  assertStringIncludes(
    read("examples/starter/deno/deno.json"),
    `"jsr:@runsheet/runsheet@^${version}"`,
  );
});
