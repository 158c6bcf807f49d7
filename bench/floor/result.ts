// The results of the floor.
import type { Root } from "./call.ts";
import type { Context } from "./values.ts";

export class Meta {
  readonly name: string;
  readonly args: Context;
  readonly stepsExecuted: readonly string[];
  readonly #root: Root;

  constructor(name: string, args: Context, stepsExecuted: readonly string[], root: Root) {
    this.name = name;
    this.args = args;
    this.stepsExecuted = stepsExecuted;
    this.#root = root;
  }

  get runId(): string {
    return this.#root.id;
  }
}

export class Succeeded {
  readonly success = true;
  readonly data: Context;
  readonly meta: Readonly<object>;

  constructor(data: Context, meta: object) {
    this.data = data;
    this.meta = meta;
  }
}

export class Failure {
  readonly success = false;
  readonly error: Error;
  readonly failedStep: string;
  readonly rollback: object;
  readonly meta: Readonly<object>;

  constructor(error: Error, failedStep: string, rollback: object, meta: object) {
    this.error = error;
    this.failedStep = failedStep;
    this.rollback = rollback;
    this.meta = meta;
  }
}
