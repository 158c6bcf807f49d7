import { type Step, step } from "@runsheet/runsheet";

/** The error that a test throws if any error will do. */
export const boom: Error = new Error("boom");

/** Throws {@linkcode boom}. */
export function thrower(): never {
  throw boom;
}

/** A step that always fails synchronously. */
export const fail: Step<"fail", Record<never, never>, Record<never, never>> = step({
  name: "fail",
  run: thrower,
});

/** A step that always fails with a rejected promise. */
export const failAsync: Step<"fail", Record<never, never>, Record<never, never>> = step({
  name: "fail",
  run: () => Promise.reject(boom),
});

/** A step that logs its effects and undos. */
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
