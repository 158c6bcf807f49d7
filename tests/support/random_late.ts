import fc, { type Arbitrary } from "fast-check";

/** The course of one attempt. */
export interface Course {
  /**
   * The time at which it settles, in milliseconds after its start; 0 is synchronously, without a
   * promise.
   */
  readonly at: number;
  readonly lands: boolean;
}

/** A step as data. */
export interface LeafShape {
  readonly kind: "step" | "items" | "mapped";
  readonly timeout: number | undefined;
  readonly graceMs: number;
  readonly overlap: "allow" | "never";
  readonly retries: number;
  /** Attempt `n` of item `i` takes the course `n + i`, cyclically. */
  readonly courses: readonly Course[];
  /** Whether it settles as soon as its signal aborts. */
  readonly honours: boolean;
  /** `"slow"`: the first attempt of the undo is given up, and lands late. */
  readonly undo: "none" | "works" | "fails" | "slow";
  /** Whether it defers an undo: at its start, and just before it settles. */
  readonly defers: readonly ("early" | "late")[];
  /** The size of a collection, and its limit of items in flight. */
  readonly items: number;
  readonly concurrency: number;
}

/** Sequential or concurrent steps. */
export interface GroupShape {
  readonly kind: "pipeline" | "parallel";
  readonly timeout: number | undefined;
  readonly children: readonly TreeShape[];
}

/**
 * A random tree as data. `"items"` is a function called for each item, `"mapped"` a step that is
 * run for each.
 */
export type TreeShape = LeafShape | GroupShape;

/** A run of a random tree. */
export interface LateScenario {
  readonly root: GroupShape;
  /** The time at which the caller aborts, in milliseconds. */
  readonly abortAt: number | undefined;
  /** Whether calls go through a host, and its delays to record each, cyclically. */
  readonly host: readonly number[] | undefined;
}

const course: Arbitrary<Course> = fc.record({ at: fc.nat({ max: 9 }), lands: often(true) });

const leaf: Arbitrary<LeafShape> = fc.record({
  kind: fc.constantFrom("step", "step", "step", "items", "mapped"),
  timeout: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 4 }),
  graceMs: fc.constantFrom(0, 0, 1, 2, 4),
  overlap: fc.constantFrom("allow", "never"),
  retries: fc.nat({ max: 2 }),
  courses: fc.array(course, { minLength: 1, maxLength: 4 }),
  honours: fc.boolean(),
  undo: fc.constantFrom("none", "works", "works", "works", "fails", "slow"),
  defers: fc.subarray(["early", "late"] as const),
  items: fc.nat({ max: 3 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
});

const { tree } = fc.letrec<{ tree: TreeShape; group: GroupShape }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie("group")),
  group: groupOf(tie("tree")),
}));

function groupOf(child: Arbitrary<TreeShape>): Arbitrary<GroupShape> {
  return fc.record({
    kind: fc.constantFrom("pipeline", "parallel"),
    timeout: fc.option(fc.integer({ min: 1, max: 25 }), { nil: undefined, freq: 1 }),
    children: fc.array(child, { minLength: 1, maxLength: 3 }),
  });
}

/** Runs of random trees. */
export const lateScenarios: Arbitrary<LateScenario> = fc.record({
  root: groupOf(tree),
  abortAt: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
  host: fc.option(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 4 }), { nil: undefined }),
});

function often(value: boolean): Arbitrary<boolean> {
  return fc.constantFrom(value, value, !value);
}
