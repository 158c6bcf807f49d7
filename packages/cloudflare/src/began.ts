import type { AnyStep } from "@runsheet/runsheet";
import type { RunStart } from "@runsheet/runsheet/durable";
import { describe, type Described } from "@runsheet/runsheet/graph";

/** What a run records when it begins. */
export interface Began extends RunStart {
  /** A digest of the args. */
  readonly args: string;
  /** The policies, as JSON, of each part that has any. */
  readonly policies: Readonly<Record<string, string>>;
}

/** The policies of a pipeline, by path. They decide what a run asks for next. */
export function policiesOf(step: AnyStep): Readonly<Record<string, string>> {
  const walk = ({ path, policy, children = [] }: Described): (readonly [string, string])[] => [
    ...(policy ? [[path, JSON.stringify(policy)] as const] : []),
    ...children.flatMap(walk),
  ];
  return Object.fromEntries(walk(describe(step)));
}

/** What this platform forbids beyond what every engine does, as half a sentence. */
export function changeOf(now: Began, began: Began): string | undefined {
  if (began.args !== now.args) {
    return "a run of this id must have the args that it began with: these are others";
  }
  const added = now.shape.find(({ path }, n) =>
    n < began.shape.length && path !== began.shape[n]!.path
  );
  if (added) {
    return `steps may be added at its end only, and none may be moved: '${added.path}' was`;
  }
  const changed = ["", ...began.shape.map(({ path }) => path)]
    .find((path) => now.policies[path] !== began.policies[path]);
  if (changed !== undefined) {
    return `every policy must be the one that it began with: ${
      changed === "" ? "that of the pipeline" : `that of '${changed}'`
    } was ${began.policies[changed] ?? "{}"}, and is ${now.policies[changed] ?? "{}"}`;
  }
}

/** Makes a digest of the args, to tell them from others. */
export async function digestOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
