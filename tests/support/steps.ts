import { type Step, step } from "@runsheet/runsheet";

/** What a test throws when any error will do. */
export const boom: Error = new Error("boom");

/** Throws {@linkcode boom}. */
export function thrower(): never {
  throw boom;
}

/** A step that always fails, at once. */
export const fail: Step<"fail", Record<never, never>, Record<never, never>> = step({
  name: "fail",
  run: thrower,
});

/** A step that always fails, by a promise that rejects. */
export const failAsync: Step<"fail", Record<never, never>, Record<never, never>> = step({
  name: "fail",
  run: () => Promise.reject(boom),
});

/** A step that logs what it does and undoes. */
export function logged(
  name: string,
  log: string[],
): Step<string, Record<never, never>, { [key: string]: string }> {
  return step({
    name,
    run: (): { [key: string]: string } => {
      log.push(name);
      return { [name]: "done" };
    },
    rollback: () => {
      log.push(`undo ${name}`);
    },
  });
}
