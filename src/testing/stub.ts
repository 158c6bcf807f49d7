import type { RunInfo } from "../api/info.ts";
import type { AnyStep } from "../api/step.ts";
import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import { type Node, nodeOf } from "../engine/node.ts";
import { placesIn } from "./places.ts";
import { refuse } from "../report/checks.ts";
import { join, labels } from "../run/paths.ts";
import { step } from "../steps/step.ts";
import { cast } from "../values/cast.ts";

/**
 * What stands in for a step: another step, or a function for its `run`. With a function the step keeps its schemas and all
 * its options, but not its rollback and its undo by key, which would undo what the function never did.
 */
// deno-lint-ignore no-explicit-any -- each fake has a context of its own, and a test wants no casts
export type Fake = AnyStep | ((ctx: any, info: RunInfo) => unknown);

/**
 * Makes the same pipeline with fakes in place of some of its steps, at any depth. The pipeline itself stays as it is.
 *
 * @param target A pipeline, or any other step.
 * @param fakes The fakes. A name (`chargePayment`) stands for all steps of that name, a path (`fulfil/createShipment`,
 * `map(emails)/send`, `log#2`) for one. A nested pipeline or a combinator can be replaced, too.
 * @returns The pipeline with the fakes. Paths in its reports stay what they were.
 * @throws {ConfigError} If a name is unknown, or a fake is neither a function nor a step.
 *
 * @example A payment that fails
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { stub } from "@runsheet/runsheet/testing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
 * const charge = step({ name: "charge", run: () => fetch("https://payments.example").then(() => {}) });
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
  // Under its own name it would stand under another path.
  if (node) return { ...node, name };
  return refuse(action, `the fake for '${key}' must be a function or a step`, fake);
}
