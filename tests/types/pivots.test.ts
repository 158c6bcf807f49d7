// What the compiler says of steps after a pivot: it refuses those that certainly have no `retry`,
// and lets all others pass, which `strict` judges when the pipeline is built.
import { assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  type AnyStep,
  choice,
  ConfigError,
  fallback,
  parallel,
  type Pipeline,
  pipeline,
  type PivotStep,
  type RetryPolicy,
  sleep,
  type Step,
  step,
  when,
  withInputs,
} from "@runsheet/runsheet";
import { describe, it } from "node:test";

// deno-lint-ignore ban-types -- what the compiler infers
type None = {};
interface Parcel {
  parcel: string;
}
const run = () => ({ a: 1 });
const retry: RetryPolicy = { count: 1 };
const ship = step({ name: "ship", pivot: true, run: (): Parcel => ({ parcel: "p1" }) });
const thank = step({ name: "thank", run: (ctx: { parcel: string }) => ({ mail: ctx.parcel }) });

describe("after a pivot, the compiler", () => {
  it("refuses a step without retry, in a list and in a builder, as strict does", () => {
    const refused = () => {
      pipeline({
        name: "p",
        strict: true,
        // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
        steps: [ship, thank],
      });
    };
    const built = () =>
      // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
      pipeline({ name: "p", strict: true }).step(ship).step(thank).build();
    for (const define of [refused, built]) assertThrows(define, ConfigError, "'thank' must have");
    const first = step({ name: "first", run });
    const far = step({ name: "far", retry, run: () => {} });
    // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
    pipeline({ name: "p", steps: [first, ship, far, thank] });
    // @ts-expect-error step 'last' comes after a pivot, so it needs a retry
    pipeline({ name: "p" }).step(ship).step(far).step(step({ name: "last", run }));
    // @ts-expect-error step 'maker' comes after a pivot, so it needs a retry
    pipeline({ name: "p", steps: [ship, step({ name: "maker", pivot: false, run })] });
    // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
    pipeline({ name: "p" }).step(ship).parallel(thank);
    // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
    pipeline({ name: "p" }).step(ship).choice([() => true, thank]);
    // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
    pipeline({ name: "p" }).step(ship).fallback(thank, thank);
    pipeline({ name: "p", steps: [first, ship] });
    pipeline({ name: "p" }).step(first).step(ship).build();
  });

  it("accepts a step with retry, however it is written", () => {
    const maybe = retry as RetryPolicy | undefined;
    const definition = { name: "later", run, retry } as const;
    const by = <const N extends string>(name: N, retry?: RetryPolicy | undefined) =>
      step({ name, retry, run });
    const patient = (options: { timeout?: number; retry?: RetryPolicy }) =>
      step({ name: "later", ...options, run });
    const wrapped = <D extends { name: string; run: () => object }>(definition: D) =>
      step(definition);

    const literal = step({
      name: "later",
      run: (_ctx: { parcel: string }, { attempt }) => ({ attempt }),
      rollback: (_ctx, output) => output.attempt,
      retry: { count: 1, delay: (errors, n) => errors.length * n, retryIf: (e) => e.length > 0 },
    });
    const once = step({ name: "later", run, retry: { count: 0 } });
    const asked = step({ name: "later", run, retry: maybe });
    const spread = step({ name: "later", run, ...(maybe && { retry: maybe }) });
    const either = step({ name: "later", run, ...(maybe ? { retry: maybe } : {}) });
    const given = step<None, { a: number }>({ name: "later", run, retry });
    const named = step<None, { a: number }, "later">({ name: "later", run, retry });
    const annotated: Step<"later", None, { a: number }> = step({ name: "later", run, retry });
    const untyped = step({ name: "later", run, retry } as { name: string; run: () => object });
    // deno-lint-ignore no-explicit-any
    const any = step({ name: "later", run, ...{ retry } as any });
    const variable = step(definition);
    const renamed = withInputs(literal, { parcel: "box" });
    const p: Pipeline<"later", None, { a: number }> = pipeline({ name: "later", steps: [once] });

    pipeline({ name: "p", steps: [ship, literal] });
    pipeline({ name: "p", steps: [ship, once] });
    pipeline({ name: "p", steps: [ship, asked] });
    pipeline({ name: "p", steps: [ship, spread] });
    pipeline({ name: "p", steps: [ship, either] });
    pipeline({ name: "p", steps: [ship, given] });
    pipeline({ name: "p", steps: [ship, named] });
    pipeline({ name: "p", steps: [ship, annotated] });
    pipeline({ name: "p", steps: [ship, untyped] });
    pipeline({ name: "p", steps: [ship, any] });
    pipeline({ name: "p", steps: [ship, variable] });
    pipeline({ name: "p", steps: [ship, renamed] });
    pipeline({ name: "p", steps: [ship, p] });
    pipeline({ name: "p", steps: [ship, by("later", retry)] });
    pipeline({ name: "p", steps: [ship, patient({ retry })] });
    pipeline({ name: "p", steps: [ship, wrapped({ name: "later", run, retry })] });
    pipeline({ name: "p", steps: [ship, maybe ? literal : thank] });
    pipeline({ name: "p", steps: [ship, sleep("later", 1)] });
    pipeline({ name: "p", steps: [ship, ship] });
    pipeline({ name: "p" }).step(ship).step(literal).step(given).step(annotated).step(p).build();
    const all: AnyStep[] = [literal, once, asked, spread, either, given, named, annotated, p];
    for (const step of [...all, untyped, any, variable, renamed]) {
      pipeline({ name: "p", strict: true, steps: [ship, step] as AnyStep[] });
    }
  });

  it("leaves to strict what is in combinators and pipelines", () => {
    const inner = pipeline({ name: "inner", steps: [thank] });
    for (
      const define of [
        () => pipeline({ name: "p", strict: true, steps: [ship, when(() => true, thank)] }),
        () => pipeline({ name: "p", strict: true, steps: [ship, choice([() => true, thank])] }),
        () => pipeline({ name: "p", strict: true, steps: [ship, inner] }),
        () => pipeline({ name: "p", strict: true }).step(ship).when(() => true, thank).build(),
        () => pipeline({ name: "p", strict: true, steps: [ship, parallel(thank)] }),
      ]
    ) assertThrows(define, ConfigError, "'thank' must have a 'retry'");
    pipeline({ name: "p", strict: true, steps: [ship, fallback(thank, () => ({ mail: "" }))] });
    pipeline({ name: "p", strict: true }).step(ship).fallback(thank, () => ({ mail: "" })).build();
  });

  it("lets pass what may be no pivot", () => {
    const may = step({ name: "may", pivot: true as boolean, run: () => ({ parcel: "p1" }) });
    const options: { pivot?: true } = {};
    const optional = step({ name: "may", run: () => ({ parcel: "p1" }), ...options });
    // deno-lint-ignore no-explicit-any
    const any = step({ name: "may", pivot: true as any, run: () => ({ parcel: "p1" }) });
    const group = pipeline({ name: "group", steps: [ship] });
    pipeline({ name: "p", steps: [may, thank] });
    pipeline({ name: "p", steps: [optional, thank] });
    pipeline({ name: "p", steps: [any, thank] });
    pipeline({ name: "p", steps: [group, thank] });
    pipeline({ name: "p", steps: [when(() => true, ship), step({ name: "after", run })] });
    pipeline({ name: "p" }).step(may).step(thank).build();
    // deno-lint-ignore no-explicit-any
    pipeline({ name: "p", steps: [step({ name: "x", run: (): any => ({}) }), thank] });
    // deno-lint-ignore no-explicit-any
    const unknown: any = step({ name: "unknown", retry, run });
    pipeline({ name: "p", steps: [unknown, step({ name: "after", run })] });
    pipeline({ name: "p", steps: [ship, unknown] });
    // A key of any kind is not the mark.
    const keys = step({ name: "keys", run: (): Record<PropertyKey, string> => ({}) });
    pipeline({ name: "p", steps: [keys, step({ name: "after", run })] });
  });
});

describe("the type of a pivot", () => {
  it("is PivotStep, which may be written out", () => {
    assertType<IsExact<typeof ship, PivotStep<"ship", None, Parcel>>>(true);
    const given: PivotStep<"ship", None, Parcel> = step<None, Parcel>({
      name: "ship",
      pivot: true,
      run: () => ({ parcel: "p1" }),
    }) as Step<"ship", None, Parcel>;
    // @ts-expect-error step 'thank' comes after a pivot, so it needs a retry
    pipeline({ name: "p", steps: [given, thank] });
    const plain: Step<"ship", None, Parcel> = ship;
    pipeline({ name: "p", steps: [plain, thank] });
  });

  it("does not keep a step from being replaced by one with other policies", () => {
    let mail = step({ name: "mail", run });
    mail = step({ name: "mail", retry, run });
    const stubbed: typeof ship = step({ name: "ship", run: () => ({ parcel: "p2" }) });
    const patient: typeof mail = step({ name: "mail", retry, timeout: 5, run });
    pipeline({ name: "p", steps: [mail, stubbed, step({ name: "last", retry, run })] });
    assertType<IsExact<typeof patient, typeof mail>>(true);
  });

  it("leaves the needs, the args and the data of a pipeline alone", () => {
    const patient = step({ name: "patient", retry, run: (c: { parcel: string }) => ({ n: c }) });
    const list = pipeline({ name: "p", steps: [ship, patient] });
    const built = pipeline({ name: "p" }).step(ship).step(patient).build();
    assertType<IsExact<typeof built, typeof list>>(true);
    type Added = { parcel: string; n: { parcel: string } };
    assertType<IsExact<typeof list, Pipeline<"p", None, Added, Added>>>(true);
  });
});
