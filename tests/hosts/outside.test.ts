// A host that records a run must know when user code runs outside of calls.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Host, type Middleware, pipeline, type Schema, step } from "@runsheet/runsheet";

/** A schema that accepts everything, but says so later. */
function later(look: () => void): Schema<object, object> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => {
        await Promise.resolve();
        look();
        return { value: value as object };
      },
    },
  };
}

describe("a host is notified that user code runs", () => {
  let depth = 0;
  let seen: number | undefined;
  const look = () => void (seen = depth);
  const host: Host = {
    perform: (_call, fn) => fn(),
    sleep: async () => {},
    outside: (change) => void (depth += change),
  };
  const plain = step({ name: "plain", run: () => ({ n: 1 }) });
  const layer: Middleware = (_step, next) => async (ctx) => {
    await Promise.resolve();
    look();
    return await next(ctx);
  };
  const places = {
    "a schema of args": pipeline({ name: "p", steps: [plain], argsSchema: later(look) }),
    "a schema of an output": pipeline({ name: "p", steps: [plain], output: later(look) }),
    "a schema of a nested output": pipeline({
      name: "outer",
      steps: [pipeline({ name: "p", steps: [plain], output: later(look) })],
    }),
    "the requires of a step": step({ name: "s", requires: later(look), run: () => ({ n: 1 }) }),
    "a middleware": pipeline({ name: "p", steps: [plain], middleware: [layer] }),
  };
  for (const [what, runnable] of Object.entries(places)) {
    it(`in ${what}`, async () => {
      seen = undefined;
      const result = await runnable.run({}, { host });
      assertEquals([result.success, seen, depth], [true, 1, 0]);
    });
  }
});
