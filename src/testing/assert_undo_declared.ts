import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { checkOptions, refuse } from "../report/checks.ts";
import { placesIn } from "./places.ts";

/** Which steps need no undo. */
export interface UndoDeclaredOptions {
  /** Their names or their paths: those that have no effect, those that only `defer`, and what cannot be undone. */
  readonly except?: readonly string[] | undefined;
}

/**
 * Throws when a step, at any depth, has neither a `rollback` nor an `undoByKey`. It looks at the definition and runs
 * nothing, so it costs nothing, and sees what a sweep cannot: a step that nobody has given a fake. Functions of
 * collections are not asked, as they can only `defer`.
 *
 * @param target A pipeline, or any other step.
 * @param options Which steps need none.
 * @throws {Error} If a step has none, with all their paths.
 * @throws {ConfigError} If `except` names no step.
 *
 * @example Every step is undone, or named
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { assertUndoDeclared } from "@runsheet/runsheet/testing";
 * import { assertThrows } from "@std/assert";
 *
 * const charge = step({ name: "charge", run: () => {}, rollback: () => {} });
 * const sendMail = step({ name: "sendMail", run: () => {} });
 * const checkout = pipeline({ name: "checkout", steps: [charge, sendMail] });
 *
 * assertThrows(() => assertUndoDeclared(checkout), Error, "[sendMail]");
 * assertUndoDeclared(checkout, { except: ["sendMail"] });
 * ```
 */
export function assertUndoDeclared(target: AnyStep, options: UndoDeclaredOptions = {}): void {
  const root = checkStep("look for the undos of a pipeline", "target", target);
  const action = `look for the undos of '${root.name}'`;
  checkOptions(action, options, ["except"]);
  const { except = [] } = options;
  const steps = [...placesIn(root)].filter(({ node }) => node.undos);
  const isNamed = (name: string) =>
    steps.some(({ path, node }) => [path, node.name].includes(name));
  const strange = except.find((name) => !isNamed(name));
  if (strange !== undefined) {
    const paths = steps.map(({ path }) => path).join(", ");
    refuse(action, `'except' must name its steps [${paths}]`, strange);
  }
  const without = steps.filter(({ path, node }) =>
    node.undos?.length === 0 && !except.includes(path) && !except.includes(node.name)
  );
  if (without.length === 0) return;
  const paths = without.map(({ path }) => path).join(", ");
  throw new Error(
    `Cannot accept '${root.name}' as each of its steps must have a 'rollback' or an 'undoByKey', or be named in ` +
      `'except': [${paths}] have none`,
  );
}
