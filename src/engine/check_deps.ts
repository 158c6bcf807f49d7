import { refuse } from "../report/checks.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { Refused } from "../report/refusal.ts";
import { UNCHANGED } from "../schema/validate.ts";
import { type Context, copyObject } from "../values/context.ts";
import { type Message, message, messageOf } from "../values/message.ts";
import type { Node } from "./node.ts";

/** Checks the deps of a run against what its pipeline declares. */
export async function checkDeps({ name, deps: validate }: Node, given: unknown): Promise<Context> {
  if (!validate) refuse(`run '${name}'`, "its pipeline must declare the 'deps'", given);
  let problem: Message;
  try {
    const deps = copyObject(given);
    const checked = await validate(deps);
    if (checked === UNCHANGED) return deps;
    if (!(checked instanceof Refused)) return checked.value;
    problem = message`must be what 'deps' says: ${checked.refusal.summary}`;
  } catch (thrown) {
    problem = messageOf(toError(thrown));
  }
  throw errorWith(ConfigError, message`Cannot run '${name}' as its deps ${problem}`);
}
