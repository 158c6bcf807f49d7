import type { Middleware } from "../api/middleware.ts";
import type { Schema } from "../api/schema.ts";
import { choice } from "../combinators/choice.ts";
import { distribute } from "../combinators/distribute.ts";
import { fallback } from "../combinators/fallback.ts";
import { filter } from "../combinators/filter.ts";
import { flatMap } from "../combinators/flat_map.ts";
import { map } from "../combinators/map.ts";
import { parallel } from "../combinators/parallel.ts";
import { when } from "../combinators/when.ts";
import { expose } from "../engine/expose.ts";
import { checkOptions, refuse } from "../report/checks.ts";
import { checkPipeline, type Definition } from "./check_pipeline.ts";
import { sequence } from "./sequence.ts";

type Add<Arguments extends readonly unknown[]> = (...given: Arguments) => ErasedBuilder;

/** An untyped builder. */
export interface ErasedBuilder {
  readonly step: Add<[step: unknown]>;
  readonly when: Add<Parameters<typeof when>>;
  readonly choice: Add<Parameters<typeof choice>>;
  readonly fallback: Add<Parameters<typeof fallback>>;
  readonly parallel: Add<Parameters<typeof parallel>>;
  readonly distribute: Add<Parameters<typeof distribute>>;
  readonly map: Add<Parameters<typeof map>>;
  readonly filter: Add<Parameters<typeof filter>>;
  readonly flatMap: Add<Parameters<typeof flatMap>>;
  readonly use: Add<Middleware[]>;
  readonly run: () => never;
  build(options?: { readonly output?: Schema }): unknown;
}

/** Makes a builder for the pipeline as defined so far. */
export function makeBuilder(definition: Definition): ErasedBuilder {
  const { name, steps = [], middleware = [] } = definition;
  const add = (step: unknown) => makeBuilder({ ...definition, steps: [...steps, step] });
  const adding = <Arguments extends readonly unknown[]>(
    combinator: (...given: Arguments) => unknown,
  ): Add<Arguments> =>
  (...given) => add(combinator(...given));
  return Object.freeze({
    step: add,
    when: adding(when),
    choice: adding(choice),
    fallback: adding(fallback),
    parallel: adding(parallel),
    distribute: adding(distribute),
    map: adding(map),
    filter: adding(filter),
    flatMap: adding(flatMap),
    use: (...more: Middleware[]) =>
      makeBuilder({ ...definition, middleware: [...middleware, ...more] }),
    run: () => refuse(`run pipeline '${name}'`, "'build' must be called first", "a builder"),
    build: (given: { readonly output?: Schema } = {}) => {
      const action = `build pipeline '${name}'`;
      const options = checkOptions(action, given, ["output"]);
      if (definition.output && options.output) {
        refuse(
          action,
          "'output' must be given once, to 'pipeline' or to 'build'",
          options.output,
        );
      }
      return expose(sequence(checkPipeline({ ...definition, steps, ...options })));
    },
  });
}
