// A hang must end some day, and a machine that is twelve times slower than usual must not be taken for one.

/** How long a file of tests, or one of its tests, may take, in milliseconds. */
export const testPatience: number = 30 * 60_000;

/** How long a command may take, in milliseconds. */
export const commandPatience: number = 4 * testPatience;
