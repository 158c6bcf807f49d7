import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { placesIn } from "../engine/places.ts";
import { checkArray, checkOptions, refuse } from "../report/checks.ts";

/** Options of `assertUndoDeclared`. */
export interface UndoDeclaredOptions {
  /**
   * The names or paths of steps that need no undo: those that have no effects or only `defer`, and
   * those whose effects cannot be undone.
   */
  readonly except?: readonly string[] | undefined;
}

/**
 * Throws if a step at any depth has neither a `rollback` nor an `undoByKey`. It inspects the
 * definition and runs nothing. That is cheap, and it finds steps without a fake, which a sweep
 * cannot see. Functions of collections are ignored, as they can only `defer`.
 *
 * @param target A pipeline, or any other step.
 * @param options The steps that need no undo.
 * @throws {Error} If any step has no undo, with the paths of all such steps.
 * @throws {ConfigError} If a name in `except` matches no step.
 *
 * @example Every step declares an undo or is listed
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
  checkArray(action, "except", options.except);
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
