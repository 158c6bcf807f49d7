/** `node:sqlite`, which Node has from version 22. */
export const sqlite: typeof import("node:sqlite") | undefined = await import("node:sqlite")
  .catch(() => undefined);

/** The reason to skip a test that needs it, or `false`. */
export const skipWithoutSqlite: string | false = sqlite ? false : "this runtime has no node:sqlite";
