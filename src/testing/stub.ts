import type { RunInfo } from "../api/info.ts";
import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { type Node, nodeOf } from "../engine/node.ts";
import { placesIn } from "../engine/places.ts";
import { refuse } from "../report/checks.ts";
import { join, labels } from "../run/paths.ts";
import { step } from "../steps/step.ts";
import { cast } from "../values/cast.ts";

/**
 * A replacement for a step: another step, or a function that replaces its `run`. With a function,
 * the step keeps its schemas and policies, but not its rollback and undo by key, which would undo
 * effects that the function never had.
 */
// deno-lint-ignore no-explicit-any -- each fake has its own context, and tests should need no casts
export type Fake = AnyStep | ((ctx: any, info: RunInfo) => unknown);

/**
 * Makes a copy of a pipeline with fakes in place of some of its steps, at any depth. The original
 * stays unchanged.
 *
 * @param target A pipeline, or any other step.
 * @param fakes The fakes by name or path. A name (`chargePayment`) replaces all steps of that name,
 * a path (`fulfil/createShipment`, `map(emails)/send`, `log#2`) only one. Nested pipelines and
 * combinators can be replaced too.
 * @returns The copy with the fakes. Paths in its reports do not change.
 * @throws {ConfigError} If a name is unknown, or a fake is neither a function nor a step.
 *
 * @example A payment that fails
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { stub } from "@runsheet/runsheet/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
 * const charge = step({
 *   name: "charge",
 *   run: () => fetch("https://payments.example").then(() => {}),
 * });
 * const checkout = pipeline({ name: "checkout", steps: [reserve, charge] });
 *
 * const declined = stub(checkout, {
 *   charge: () => {
 *     throw new Error("card declined");
 *   },
 * });
 * const result = await declined.run();
 * assert(!result.success);
 * assertEquals(result.rollback.completed, ["reserve"]);
 * ```
 */
export function stub<S extends AnyStep>(target: S, fakes: Readonly<Record<string, Fake>>): S {
  const root = checkStep("stub a pipeline", "target", target);
  const action = `stub '${root.name}'`;
  const known = [...placesIn(root)];
  for (const name of Object.keys(fakes)) {
    if (known.some(({ path, node }) => name === path || name === node.name)) continue;
    const paths = known.map(({ path }) => path).join(", ");
    refuse(action, `a fake must stand for one of its steps [${paths}]`, name);
  }

  function replace(node: Node, path: string): Node {
    const { renamed } = node;
    if (renamed) {
      const other = replace(renamed.node, path);
      return other === renamed.node ? node : renamed.rename(other);
    }
    const key = [path, node.name].find((key) => key !== "" && Object.hasOwn(fakes, key));
    if (key !== undefined && path !== "") return fakeOf(node, fakes[key], action, key);
    if (!node.parts) return node;
    const { children, rebuild } = node.parts;
    const names = labels(children.map(({ name }) => name));
    const others = children.map((child, n) => replace(child, join(path, names[n]!)));
    if (others.every((other, n) => other === children[n])) return node;
    return nodeOf(rebuild(others.map((other) => expose<AnyStep>(other))))!;
  }
  return expose(replace(root, root.kind === "pipeline" ? "" : root.name));
}

function fakeOf(original: Node, fake: unknown, action: string, key: string): Node {
  const { name, requires, provides, policy } = original;
  if (typeof fake === "function") {
    const definition = { name, requires, provides, ...policy, run: fake };
    return nodeOf(step(cast<Parameters<typeof step>[0]>(definition)))!;
  }
  const node = nodeOf(fake);
  // Keep the original name, or the path would change.
  if (node) return { ...node, name };
  return refuse(action, `the fake for '${key}' must be a function or a step`, fake);
}
