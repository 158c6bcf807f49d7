import type {
  Failure,
  Result,
  RollbackFailure,
  RollbackReport,
  RunMeta,
  Success,
} from "../api/result.ts";
import type { Context } from "../values/context.ts";
import { looksPlain, Printable } from "./printable.ts";

/** The class behind {@linkcode RunMeta}. */
export class Meta extends Printable implements RunMeta {
  static {
    looksPlain(this);
  }
  declare readonly name: string;
  declare readonly args: Context;
  declare readonly stepsExecuted: readonly string[];
  declare readonly notReleased?: readonly RollbackFailure[];
  readonly #run: { readonly id: string };
  constructor(
    name: string,
    args: Context,
    stepsExecuted: readonly string[],
    run: { readonly id: string },
    notReleased: readonly RollbackFailure[] = [],
  ) {
    super();
    if (notReleased.length > 0) this.notReleased = notReleased;
    this.name = name;
    this.args = args;
    this.stepsExecuted = stepsExecuted;
    this.#run = run;
  }

  /** Generated when first read. */
  get runId(): string {
    return this.#run.id;
  }

  override fields(): [string, unknown][] {
    return [...super.fields(), ["runId", this.runId]];
  }
}

/** The class behind {@linkcode Success}. */
export class Succeeded<Data> extends Printable implements Success<Data> {
  static {
    looksPlain(this);
  }
  readonly success = true;
  declare readonly data: Data;
  declare readonly meta: RunMeta;
  constructor(data: Data, meta: RunMeta) {
    super();
    this.data = data;
    this.meta = meta;
  }
}

/** The class behind {@linkcode Failure}. */
export class Failed extends Printable implements Failure {
  static {
    looksPlain(this);
  }
  readonly success = false;
  declare readonly error: Error;
  declare readonly failedStep: string;
  declare readonly rollback: RollbackReport;
  declare readonly meta: RunMeta;
  declare readonly committed?: string;
  constructor(
    error: Error,
    failedStep: string,
    rollback: RollbackReport,
    meta: RunMeta,
    committed?: string,
  ) {
    super();
    this.error = error;
    this.failedStep = failedStep;
    this.rollback = rollback;
    this.meta = meta;
    if (committed !== undefined) this.committed = committed;
  }
}

/** Whether a value is the result of a run, of any copy of the package. */
export function isResult(value: unknown): value is Result<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const result = value as Partial<Result<unknown>>;
  return typeof result.success === "boolean" && Array.isArray(result.meta?.stepsExecuted);
}
