// Proves that test:deno fails in cases in which Deno alone would pass a test.
import { assertEquals, assertStringIncludes } from "@std/assert";

const expected = {
  leaked_timer: "timer was started in this test, but never completed",
  leaked_file: "file was opened during the test, but not closed",
  throws_late: "Error: late",
  throws_on_load: "Error: on load",
};

for (const [name, complaint] of Object.entries(expected)) {
  Deno.test(`a test that ${name.replaceAll("_", " ")} fails`, async () => {
    const { code, output } = await testFixture(name);
    assertStringIncludes(output, complaint);
    assertEquals(code, 1);
  });
}

async function testFixture(name: string): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--no-check",
      "--preload=tools/runner/strict.ts",
      `tests/deno/fixtures/${name}.ts`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
