import fc, { type Arbitrary } from "fast-check";
import { type Flow, flows } from "./flow.ts";
import type { Course, GatewayKind } from "./gateway.ts";
import { type Recipe, RECIPES } from "./recipe.ts";

/** A request, and the step's actions before and after it. */
export interface Request extends Course {
  /** The time before the step defers anything and charges, in milliseconds. */
  readonly lead: number;
  /** The time that the step works afterwards, in milliseconds. */
  readonly work: number;
}

/** A step that charges, as data. */
export interface Charging {
  readonly kind: GatewayKind;
  readonly recipe: Recipe;
  /** Whether it passes its signal on, so that it rejects at once when that aborts. */
  readonly heeds: boolean;
  readonly timeout: number;
  readonly graceMs: number;
  readonly lateMs: number;
  readonly overlap: "allow" | "never";
  readonly retries: number;
  readonly delay: number;
  /** The requests of all its attempts and items, cyclically. */
  readonly requests: readonly Request[];
}

/** A run, as data. */
export interface Scenario {
  readonly flow: Flow<Charging>;
  /** The time at which a step after the flow fails, in milliseconds, if it does. */
  readonly failsAt: number | undefined;
  /** The time at which the caller aborts, in milliseconds. */
  readonly abortAt: number | undefined;
  /** The delays of a host that records each call, cyclically, if there is a host. */
  readonly host: readonly number[] | undefined;
}

const told: Arbitrary<Course> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ landsAt: 1, answersAt: 2, isTold: true }) },
  { weight: 2, arbitrary: fc.nat({ max: 10 }).map(refused) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 12 })).map(slow),
  },
);

function refused(answersAt: number): Course {
  return { answersAt, isTold: false };
}

function slow([landsAt, more]: [number, number]): Course {
  return { landsAt, answersAt: landsAt + more, isTold: true };
}

const lost: Arbitrary<Course> = fc.record({
  landsAt: fc.nat({ max: 30 }),
  // Includes errors from a proxy while the other side works on, and no answer at all.
  answersAt: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  isTold: fc.constant(false),
});

/** Courses of requests, with truthful answers or with some answers lost. */
const COURSES = { told, lossy: fc.oneof({ weight: 4, arbitrary: told }, lost) };

/** Runs of steps that follow their recipe. */
export const byRecipe: Arbitrary<Scenario> = scenarios(RECIPES, COURSES.lossy);

const rollback: readonly Recipe[] = [{ rollback: true }];

/** Runs of steps by people who have read no docs: a `key`, a `timeout`, `retry` and `rollback`. */
export const byDefault: Arbitrary<Scenario> = scenarios({
  void: rollback,
  replay: rollback,
  conflict: rollback,
  replay500: rollback,
  search: rollback,
  plain: rollback,
  counter: rollback,
}, COURSES.told);

function scenarios(recipes: typeof RECIPES, courses: Arbitrary<Course>): Arbitrary<Scenario> {
  const kinds = Object.keys(recipes) as GatewayKind[];
  const pairs = kinds.flatMap((kind) => recipes[kind].map((recipe) => ({ kind, recipe })));
  const charging = fc.record({
    pair: fc.constantFrom(...pairs),
    heeds: fc.boolean(),
    timeout: fc.integer({ min: 2, max: 6 }),
    graceMs: fc.constantFrom(0, 0, 0, 2, 8),
    lateMs: fc.integer({ min: 1, max: 60 }),
    overlap: fc.constantFrom("allow" as const, "allow" as const, "never" as const),
    retries: fc.nat({ max: 3 }),
    delay: fc.constantFrom(0, 3),
    requests: fc.array(requestOf(courses), { minLength: 1, maxLength: 8 }),
  }).map(({ pair, ...more }): Charging => ({ ...pair, ...more, ...limits(pair.recipe, more) }));
  return fc.record({
    flow: flows(charging, 40),
    failsAt: fc.option(fc.constantFrom(0, 2, 6, 12), { nil: undefined }),
    abortAt: fc.option(fc.nat({ max: 20 }), { nil: undefined, freq: 1 }),
    host: fc.option(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
      freq: 1,
    }),
  });
}

function requestOf(courses: Arbitrary<Course>): Arbitrary<Request> {
  const [lead, work] = [fc.constantFrom(0, 0, 0, 3, 7), fc.constantFrom(0, 0, 0, 4)];
  return fc.record({ course: courses, lead, work })
    .map(({ course, lead, work }) => ({ ...course, lead, work }));
}

/** Excludes what a recipe rules out; an attempt that never settles would keep its retry waiting. */
function limits(
  { mayHeed }: Recipe,
  { heeds, overlap, requests }: Pick<Charging, "heeds" | "overlap" | "requests">,
) {
  return {
    heeds: heeds && mayHeed === true,
    requests: overlap === "allow"
      ? requests
      : requests.map((request) => ({ ...request, answersAt: request.answersAt ?? 41 })),
  };
}
