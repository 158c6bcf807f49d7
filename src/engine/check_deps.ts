import { refuse } from "../report/checks.ts";
import { errorWith } from "../report/error_with.ts";
import { ConfigError, toError } from "../report/errors.ts";
import { Refused } from "../report/refusal.ts";
import { UNCHANGED } from "../schema/validate.ts";
import { cast } from "../values/cast.ts";
import { type Context, copyObject } from "../values/context.ts";
import { losesKeys } from "../values/loses_keys.ts";
import { type Message, message, messageOf } from "../values/message.ts";
import { withValue } from "../values/show.ts";
import type { Node } from "./node.ts";

const PLAIN =
  "must be a plain object, such as { client: new Client() }, as a copy loses what a class defines";

/** Checks the deps of a run against what its pipeline declares. */
export async function checkDeps({ name, deps: validate }: Node, given: unknown): Promise<Context> {
  if (!validate) refuse(`run '${name}'`, "its pipeline must declare the 'deps'", given);
  let problem: Message;
  try {
    const deps = copyObject(given, []);
    if (losesKeys(cast(given), true)) throw errorWith(TypeError, withValue(PLAIN, given));
    const checked = await validate(deps);
    if (checked === UNCHANGED) return deps;
    if (!(checked instanceof Refused)) return checked.value;
    problem = message`must be what 'deps' says: ${checked.refusal.summary}`;
  } catch (thrown) {
    problem = messageOf(toError(thrown));
  }
  throw errorWith(ConfigError, message`Cannot run '${name}' as its deps ${problem}`);
}
