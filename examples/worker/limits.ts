// The time limits of the services, in milliseconds.

interface Limits {
  stock: number;
  payment: number;
  mail: number;
  /** One attempt of an undo. */
  undo: number;
}

export const limits: Limits = { stock: 5_000, payment: 5_000, mail: 20_000, undo: 5_000 };
