/** The length of the waits of the saga: far longer than an answer of the test takes. */
export const waitMs = 500;
