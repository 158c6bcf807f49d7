import type { Failure, RollbackReport, RunMeta, Success } from "../api/result.ts";
import type { Context } from "../values/context.ts";
import { looksPlain, Printed } from "./printable.ts";

/** Makes a {@linkcode RunMeta}. */
export class Meta extends Printed implements RunMeta {
  static {
    looksPlain(this);
  }
  readonly name: string;
  readonly args: Context;
  readonly stepsExecuted: readonly string[];
  constructor(name: string, args: Context, stepsExecuted: readonly string[]) {
    super();
    this.name = name;
    this.args = args;
    this.stepsExecuted = stepsExecuted;
  }
}

/** Makes a {@linkcode Success}. */
export class Succeeded<Data> extends Printed implements Success<Data> {
  static {
    looksPlain(this);
  }
  readonly success = true;
  readonly data: Data;
  readonly meta: RunMeta;
  constructor(data: Data, meta: RunMeta) {
    super();
    this.data = data;
    this.meta = meta;
  }
}

/** Makes a {@linkcode Failure}. */
export class Failed extends Printed implements Failure {
  static {
    looksPlain(this);
  }
  readonly success = false;
  readonly error: Error;
  readonly failedStep: string;
  readonly rollback: RollbackReport;
  readonly meta: RunMeta;
  constructor(error: Error, failedStep: string, rollback: RollbackReport, meta: RunMeta) {
    super();
    this.error = error;
    this.failedStep = failedStep;
    this.rollback = rollback;
    this.meta = meta;
  }
}
