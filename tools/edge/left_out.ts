// The tests that workerd cannot run, with the reason: they are reported as skipped.

const processes = "workerd starts no processes";
const sqlite = "workerd has no node:sqlite";
const realms = "workerd has no node:vm";

/** Whole files, which would fail on import; each counts as one test. */
export const files: Record<string, string> = {
  "tests/examples/programs.test.ts": "workerd has no files to read, and starts no processes",
  "tests/examples/importer.test.ts": "workerd has no files to read, and starts no processes",
  "tests/examples/service.test.ts": processes,
  "tests/pipelines/stress.test.ts": processes,
  "tests/support/spawn.test.ts": processes,
};

/** Suites and tests of the other files, by their path, the last of which may end in an asterisk. */
export const tests: Record<string, string> = {
  "100,000 items of *": processes,
  "a callback of the caller's that throws > is an error that nobody handles*": processes,
  "a process with nothing but a timeout pending": processes,
  "the sweep of examples/checkout": sqlite,
  "the sweep of examples/importer": sqlite,
  "args > that are an object of another realm are as good as any": realms,
  "what is thrown > passes through as it is when it is an Error of another realm": realms,
};
