import { assertEquals } from "@std/assert";
import { countJUnit, countSummary } from "../../tools/runner/report.ts";

Deno.test("the counts of node --test are those of its last summary", () => {
  const output = `
ℹ pass 1
✔ prints a summary of its own
ℹ tests 9
ℹ suites 2
ℹ pass 5
ℹ fail 1
ℹ cancelled 1
ℹ skipped 1
ℹ todo 1
ℹ duration_ms 54.1`;
  assertEquals(countSummary(output), { passed: 5, failed: 2, skipped: 2 });
});

Deno.test("the counts of bun test are those of its summary", () => {
  const output = `
(fail) adds up [0.06ms]

 12 pass
 1 skip
 1 todo
 2 fail
 30 expect() calls
Ran 16 tests across 3 files. [56.00ms]`;
  assertEquals(countSummary(output), { passed: 12, failed: 2, skipped: 2 });
});

Deno.test("the counts of deno test are those of its tests without the suites around them", () => {
  const xml = `
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.425">
  <testsuite name="./tests/a.test.ts" tests="2" disabled="0" errors="0" failures="2">
    <testcase name="suite" classname="./tests/a.test.ts" time="0.001" line="9" col="1">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="alone" classname="./tests/a.test.ts" time="0.005" line="2" col="1">
    </testcase>
  </testsuite>
  <testsuite name="ext:deno_node/testing.ts" tests="4" disabled="1" errors="0" failures="1">
    <testcase name="suite &gt; inner" classname="ext:deno_node/testing.ts" time="0.003">
    </testcase>
    <testcase name="suite &gt; inner &gt; passes" classname="ext:deno_node/testing.ts">
    </testcase>
    <testcase name="suite &gt; inner &gt; is skipped" classname="ext:deno_node/testing.ts">
      <skipped/>
    </testcase>
    <testcase name="suite &gt; fails" classname="ext:deno_node/testing.ts" time="0.001">
      <failure message="Uncaught Error: no">Error: no</failure>
    </testcase>
  </testsuite>
</testsuites>`;
  assertEquals(countJUnit(xml), { passed: 2, failed: 1, skipped: 1 });
});

Deno.test("a run without output counts no tests", () => {
  const nothing = { passed: 0, failed: 0, skipped: 0 };
  assertEquals(countSummary(""), nothing);
  assertEquals(countJUnit(""), nothing);
});
