/** What `node:sqlite` has; Node has it from 22 on. */
export const sqlite: typeof import("node:sqlite") | undefined = await import("node:sqlite")
  .catch(() => undefined);

/** Says why a test that needs it is skipped, or that it is not. */
export const skipWithoutSqlite: string | false = sqlite ? false : "this runtime has no node:sqlite";
