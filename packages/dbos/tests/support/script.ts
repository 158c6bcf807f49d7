import { find } from "../../../../tests/support/spawn.ts";

/** The path of a script of tests/processes, compiled to JavaScript on Node and Bun. */
export function script(name: string): string {
  return find(`packages/dbos/tests/processes/${name}.ts`, `processes/${name}.js`);
}
