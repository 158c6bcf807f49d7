// Stands in for node:test inside workerd, whose own only has mocks: tests register themselves when
// their files are imported, and run one after another in runAll().

interface TestContext {
  name: string;
  diagnostic: (text: string) => void;
}

type Body = (t: TestContext) => unknown;

interface Options {
  skip?: boolean | string;
}

type Register = (name: string, options: Options | Body, body?: Body) => void;

type Hook = "before" | "after" | "beforeEach" | "afterEach";

interface Test {
  /** The names of its suites and its own, joined by " > ". */
  path: string;
  skip: boolean;
  body: Body | undefined;
  suite: Suite;
}

interface Suite extends Test {
  hooks: Record<Hook, Body[]>;
  children: (Test | Suite)[];
}

// The tests fake the timers: these are the real ones.
const { setTimeout, clearTimeout } = globalThis;
const patience = 30 * 60_000;
const counts = { pass: 0, fail: 0, skipped: 0 };
const root: Suite = {
  path: "",
  skip: false,
  body: undefined,
  hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  children: [],
  get suite() {
    return root;
  },
};
let suite = root;

function register(name: string, options: Options | Body, body?: Body): Test {
  if (typeof options === "function") return register(name, {}, options);
  const path = suite === root ? name : `${suite.path} > ${name}`;
  return { path, skip: suite.skip || Boolean(options.skip), body, suite };
}

/** Adds a suite and, through its body, what is in it. */
export const describe: Register = (...args) => {
  const hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
  const added: Suite = { ...register(...args), hooks, children: [] };
  suite.children.push(added);
  suite = added;
  added.body?.(contextOf(added));
  suite = added.suite;
};

/** Adds a test. */
export const it: Register = (...args) => void suite.children.push(register(...args));
export const test: Register = it;

function hook(key: Hook): (body: Body) => void {
  return (body) => void suite.hooks[key].push(body);
}

export const before: (body: Body) => void = hook("before");
export const after: (body: Body) => void = hook("after");
export const beforeEach: (body: Body) => void = hook("beforeEach");
export const afterEach: (body: Body) => void = hook("afterEach");

function contextOf({ path }: Test): TestContext {
  return { name: path, diagnostic: (text) => console.log(text) };
}

function fail(path: string, error: unknown): void {
  counts.fail++;
  console.log(`✖ ${path}\n${error instanceof Error ? error.stack : error}`);
}

/** The hooks of the suites around a test, the outermost first. */
function hooksAround(test: Test, key: Hook): Body[] {
  if (test === root) return [];
  return [...hooksAround(test.suite, key), ...test.suite.hooks[key]];
}

async function runTest(test: Test): Promise<void> {
  const context = contextOf(test);
  for (const hook of hooksAround(test, "beforeEach")) await hook(context);
  try {
    await test.body?.(context);
  } finally {
    for (const hook of hooksAround(test, "afterEach").reverse()) await hook(context);
  }
}

/** Rejects as the work does, or when it takes too long, or when nobody handles a rejection. */
async function watch(work: () => Promise<void>): Promise<void> {
  const { promise: failure, reject } = Promise.withResolvers<never>();
  const note = (event: PromiseRejectionEvent) => reject(event.reason);
  const timer = setTimeout(() => reject(new Error(`Not done in ${patience} ms`)), patience);
  addEventListener("unhandledrejection", note);
  try {
    await Promise.race([failure, work()]);
    // Long enough for a rejection to be noticed.
    await Promise.race([failure, new Promise((resolve) => setTimeout(resolve, 0))]);
  } finally {
    clearTimeout(timer);
    removeEventListener("unhandledrejection", note);
  }
}

async function run(one: Test | Suite, isLeftOut: (path: string) => boolean): Promise<void> {
  one.skip ||= one.suite.skip || isLeftOut(one.path);
  try {
    if ("children" in one) {
      const context = contextOf(one);
      for (const hook of one.skip ? [] : one.hooks.before) await hook(context);
      for (const child of one.children) await run(child, isLeftOut);
      for (const hook of one.skip ? [] : one.hooks.after) await hook(context);
    } else if (one.skip) {
      counts.skipped++;
    } else {
      await watch(() => runTest(one));
      counts.pass++;
    }
  } catch (error) {
    fail(one.path, error);
  }
}

/** Runs all tests but those left out by their paths, and prints the counts as `node --test` does. */
export async function runAll(leftOut: string[]): Promise<void> {
  const unmet = new Set(leftOut);
  await run(root, (path) => {
    const found = leftOut.find((one) =>
      one.endsWith("*") ? path.startsWith(one.slice(0, -1)) : path === one
    );
    return found !== undefined && (unmet.delete(found), true);
  });
  for (const path of unmet) fail(path, "Cannot leave out a test that does not exist");
  for (const [word, count] of Object.entries(counts)) console.log(`ℹ ${word} ${count}`);
  if (counts.fail > 0) throw new Error(`${counts.fail} tests failed`);
}
