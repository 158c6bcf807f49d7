// A hang must end eventually, but a machine that is twelve times slower than usual must not be
// mistaken for one.

/** The time limit of a test file, or of one of its tests, in milliseconds. */
export const testPatience: number = 30 * 60_000;

/** The time limit of a command, in milliseconds. */
export const commandPatience: number = 4 * testPatience;
