import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import type { Node } from "../engine/node.ts";
import { placesIn } from "../engine/places.ts";
import { checkArray, checkBoolean, checkOptions, refuse } from "../report/checks.ts";

/** Options of `assertUndoDeclared`. */
export interface UndoDeclaredOptions {
  /**
   * The names or paths of steps that need no undo: those that have no effects or only `defer`, and
   * those whose effects cannot be undone.
   */
  readonly except?: readonly string[] | undefined;
  /**
   * Whether each step must have an `undoByKey`. Only that undoes an effect whose output is unknown:
   * when the process of a durable run dies in the middle of a call that a timeout then ends.
   *
   * @default {false}
   */
  readonly byKey?: boolean | undefined;
}

/**
 * Throws if a step at any depth has neither a `rollback` nor an `undoByKey`, or, if `byKey` is set,
 * no `undoByKey`. It inspects the definition and runs nothing. That is cheap, and it finds steps
 * without a fake, which a sweep cannot see. Functions of collections are ignored, as they can only
 * `defer`.
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
  checkOptions(action, options, ["except", "byKey"]);
  checkArray(action, "except", options.except);
  checkBoolean(action, "byKey", options.byKey);
  const { except = [], byKey = false } = options;
  const steps = [...placesIn(root)].filter(({ node }) => node.undos);
  const isNamed = (name: string) =>
    steps.some(({ path, node }) => [path, node.name].includes(name));
  const strange = except.find((name) => !isNamed(name));
  if (strange !== undefined) {
    const paths = steps.map(({ path }) => path).join(", ");
    refuse(action, `'except' must name its steps [${paths}]`, strange);
  }
  const hasUndo = ({ undos = [] }: Node) => byKey ? undos.includes("undoByKey") : undos.length > 0;
  const without = steps.filter(({ path, node }) =>
    !hasUndo(node) && !except.includes(path) && !except.includes(node.name)
  );
  if (without.length === 0) return;
  const paths = without.map(({ path }) => path).join(", ");
  const undo = byKey ? "an 'undoByKey'" : "a 'rollback' or an 'undoByKey'";
  throw new Error(
    `Cannot accept '${root.name}' as each of its steps must have ${undo}, or be named in 'except': ` +
      `[${paths}] have none`,
  );
}
