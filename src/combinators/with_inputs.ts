import { checkStep } from "../engine/children.ts";
import { expose } from "../engine/expose.ts";
import type { Node } from "../engine/node.ts";
import { checkKey, checkObject, refuse } from "../report/checks.ts";
import { declaredKeys } from "../schema/declared_keys.ts";
import type { InputsFit, Renamed } from "../types/inputs.ts";
import type { NotAStep, StepIn, StepShape } from "../types/step_in.ts";

/**
 * Renames a step's inputs: the step finds, under the name that it requires, a value that the
 * context has under another. So the same step serves two pipelines, or one pipeline twice.
 *
 * Nothing else changes: the step keeps its name, its undo and its policies, and its `rollback` sees
 * the context that its `run` saw, with the step's own names.
 *
 * @param step A step, a combinator or a pipeline.
 * @param inputs For each input of the step that is to be renamed, its name in the context.
 * @returns A step of the same name that requires the new names.
 * @throws {ConfigError} If an argument is invalid, or the step is known not to require an input.
 *
 * @example A step that knows nothing of owners
 * ```ts
 * import { pipeline, step, withInputs } from "@runsheet/runsheet";
 * import { assertEquals } from "@std/assert";
 *
 * const sendMail = step({
 *   name: "sendMail",
 *   run: (ctx: { email: string }) => ({ mail: `to ${ctx.email}` }),
 * });
 * const welcome = pipeline({
 *   name: "welcome",
 *   steps: [withInputs(sendMail, { email: "ownerEmail" })],
 * });
 * const result = await welcome.run({ ownerEmail: "ada@example.com" });
 * assertEquals(result.success && result.data.mail, "to ada@example.com");
 * ```
 */
export function withInputs<
  S extends StepShape | NotAStep,
  const M extends { readonly [input: string]: string },
>(step: S, inputs: InputsFit<StepIn<S>, M>): Renamed<StepIn<S>, M> {
  const node = checkStep("rename the inputs of a step", "step", step);
  const action = `rename the inputs of '${node.name}'`;
  checkObject(action, inputs);
  const names = new Map<string, string>(Object.entries(inputs));
  const required = node.requires && declaredKeys(node.requires)?.map(({ key }) => key);
  for (const [key, name] of names) {
    checkKey(action, `inputs.${key}`, name);
    if (required && !required.includes(key)) {
      refuse(action, `they must be among the keys [${required.join(", ")}] that it requires`, key);
    }
  }
  return expose(renamed(node, names));
}

function renamed(node: Node, names: ReadonlyMap<string, string>): Node {
  const { keys: { needs, adds } } = node;
  return {
    ...node,
    // Both refer to the step's own names.
    requires: undefined,
    deps: undefined,
    keys: { needs: needs?.map((key) => names.get(key) ?? key), adds },
    renamed: { node, rename: (other) => renamed(other, names) },
    execute(ctx, scope) {
      const { run } = scope;
      const own: Record<string, unknown> = { ...ctx };
      for (const [key, name] of names) {
        if (!Object.hasOwn(ctx, name)) delete own[key];
        else {
          own[key] = ctx[name];
          if (run.held?.has(name, ctx[name])) run.hold(key, ctx[name]);
        }
      }
      return node.execute(Object.freeze(own), scope);
    },
  };
}
