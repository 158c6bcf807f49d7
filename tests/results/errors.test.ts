import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  AbortedError,
  ArgsValidationError,
  choice,
  ChoiceNoMatchError,
  ConfigError,
  type ErrorByCode,
  type ErrorCode,
  isRunsheetError,
  pipeline,
  PredicateError,
  ProvidesValidationError,
  RequiresValidationError,
  RetryExhaustedError,
  RollbackError,
  RunsheetError,
  type SchemaIssue,
  type Step,
  step,
  StrictOverlapError,
  TimeoutError,
  UnknownError,
  ValidationError,
} from "@runsheet/runsheet";
import { type } from "arktype";
import { never } from "../support/deferred.ts";
import { failureOf } from "../support/results.ts";
import { boom } from "../support/steps.ts";

async function errorOf(failing: { run(args: object): Promise<unknown> }): Promise<Error> {
  return failureOf(await failing.run({}) as Awaited<ReturnType<Step<"", object, object>["run"]>>)
    .error;
}

function thrownBy(define: () => unknown): Error {
  try {
    define();
  } catch (error) {
    return error as Error;
  }
  throw boom;
}

/** Produces each of the library's errors. */
const taxonomy: Record<ErrorCode, [type: { prototype: Error }, get: () => Error | Promise<Error>]> =
  {
    ARGS_VALIDATION: [
      ArgsValidationError,
      () => errorOf(pipeline({ name: "p", argsSchema: type({ n: "number" }), steps: [] })),
    ],
    REQUIRES_VALIDATION: [
      RequiresValidationError,
      () => errorOf(step({ name: "a", requires: type({ n: "number" }), run: () => {} })),
    ],
    PROVIDES_VALIDATION: [
      ProvidesValidationError,
      // @ts-expect-error n is missing
      () => errorOf(step({ name: "a", provides: type({ n: "number" }), run: () => ({}) })),
    ],
    PREDICATE: [PredicateError, async () => {
      const retryIf = () => {
        throw boom;
      };
      const failing = step({
        name: "a",
        retry: { count: 1, retryIf },
        run: () => Promise.reject(boom),
      });
      const error = await errorOf(failing);
      assertInstanceOf(error, AggregateError);
      assertStrictEquals(error.errors[0], boom);
      return error.errors[1];
    }],
    TIMEOUT: [
      TimeoutError,
      () => errorOf(step({ name: "a", timeout: 1, run: never })),
    ],
    ABORTED: [
      AbortedError,
      async () =>
        failureOf(await step({ name: "a", run: () => {} }).run({}, { signal: AbortSignal.abort() }))
          .error,
    ],
    RETRY_EXHAUSTED: [
      RetryExhaustedError,
      () => errorOf(step({ name: "a", retry: { count: 1 }, run: () => Promise.reject(boom) })),
    ],
    STRICT_OVERLAP: [StrictOverlapError, () => {
      const a = step({ name: "a", provides: type({ n: "number" }), run: () => ({ n: 1 }) });
      // @ts-expect-error step 'a' provides 'n', which a step before it provides, too, and the pipeline is strict
      return thrownBy(() => pipeline({ name: "p", strict: true, steps: [a, a] }));
    }],
    CHOICE_NO_MATCH: [
      ChoiceNoMatchError,
      () => errorOf(choice([() => false, step({ name: "a", run: () => {} })])),
    ],
    ROLLBACK: [RollbackError, () =>
      errorOf(step({
        name: "a",
        retry: { count: 1 },
        run: (_ctx, { defer }) => {
          defer(() => Promise.reject(boom));
          throw boom;
        },
      }))],
    CONFIG: [ConfigError, () => thrownBy(() => step({ name: "", run: () => {} }))],
    UNKNOWN: [UnknownError, () => errorOf(step({ name: "a", run: () => Promise.reject(1) }))],
  };

describe("the errors of the library", () => {
  for (const [code, [Type, get]] of Object.entries(taxonomy)) {
    it(`has ${code}, an Error with that code, its class's name and one sentence`, async () => {
      const error = await get();
      assert(Object.prototype.isPrototypeOf.call(Type.prototype, error));
      assertInstanceOf(error, RunsheetError);
      assertInstanceOf(error, Error);
      assertEquals(error.code, code);
      assertEquals(error.name, Type.prototype.constructor.name);
      assert(error.message.startsWith("Cannot "));
      assertFalse(error.message.endsWith("."));
    });

    it(`has ${code} recognized by isRunsheetError, only by its own code`, async () => {
      const error = await get();
      assert(isRunsheetError(error));
      for (const other of Object.keys(taxonomy)) {
        assertEquals(isRunsheetError(error, other as ErrorCode), other === code);
      }
    });
  }

  it("have issues with their paths if a schema was not satisfied", async () => {
    const error = await errorOf(
      pipeline({ name: "p", argsSchema: type({ a: { b: "number" } }), steps: [] }),
    );
    assertInstanceOf(error, ValidationError);
    assertEquals(error.issues.map(({ message }) => message), ["a must be an object (was missing)"]);
  });
});

describe("isRunsheetError", () => {
  it("narrows to the class of the code", async () => {
    const error: unknown = await taxonomy.TIMEOUT[1]();
    assert(isRunsheetError(error, "TIMEOUT"));
    assertType<IsExact<typeof error, TimeoutError>>(true);
    assertEquals(error.timeoutMs, 1);
  });

  it("narrows to all of the classes without a code, and a switch on the code distinguishes them", async () => {
    const error: unknown = await taxonomy.RETRY_EXHAUSTED[1]();
    assert(isRunsheetError(error));
    assertType<IsExact<typeof error, ErrorByCode[ErrorCode]>>(true);
    switch (error.code) {
      case "RETRY_EXHAUSTED":
        assertType<IsExact<typeof error, RetryExhaustedError>>(true);
        assertEquals(error.attempts, 2);
        break;
      case "ARGS_VALIDATION":
        assertType<IsExact<typeof error.issues, readonly SchemaIssue[]>>(true);
        throw error;
      default:
        throw error;
    }
  });

  it("leaves the rest of a union for other errors", () => {
    const status = (error: RangeError | TimeoutError): number | undefined => {
      if (isRunsheetError(error, "TIMEOUT")) return error.timeoutMs;
      assertType<IsExact<typeof error, RangeError>>(true);
      return 400;
    };
    assertEquals(status(new RangeError("odd")), 400);
    assertEquals(status(new TimeoutError("late", 5)), 5);
  });

  it("recognizes the errors of another copy of the package", () => {
    class OtherCopy extends Error {
      code = "TIMEOUT";
    }
    Object.defineProperty(OtherCopy.prototype, Symbol.for("runsheet.error"), { value: true });
    const error: unknown = new OtherCopy();
    assertFalse(error instanceof RunsheetError);
    assert(isRunsheetError(error) && isRunsheetError(error, "TIMEOUT"));
    assertFalse(isRunsheetError(error, "ABORTED"));
  });

  it("is false for everything else, whatever it does", () => {
    const hostile = new Proxy({}, {
      has: () => {
        throw boom;
      },
    });
    const like = { name: "TimeoutError", code: "TIMEOUT" };
    for (
      const value of [
        undefined,
        null,
        1,
        "TIMEOUT",
        boom,
        like,
        hostile,
        new DOMException("x", "TimeoutError"),
      ]
    ) {
      assertFalse(isRunsheetError(value));
    }
  });
});
