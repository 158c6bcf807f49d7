// The middleware of the floor.
import type { Middleware, Next, StepInfo, StepResult } from "@runsheet/runsheet";
import { Call, type Ending, Failed, join, type Node, type Scope, toError } from "./call.ts";
import { type Context, copyOf } from "./values.ts";

/** Runs a step inside the middleware of its pipeline, the first one outermost. */
export async function runInLayers(
  layers: readonly Middleware[],
  node: Node,
  ctx: Context,
  scope: Scope,
  label: string,
): Promise<Context> {
  const { undos } = scope;
  const mark = undos.length;
  const around = new Layers(node, ctx, scope, label);
  let next = around.once((given) => around.runStep(given));
  for (let n = layers.length - 1; n >= 0; n--) next = around.wrap(layers[n]!, next);
  const result = await next(ctx);
  around.hasReturned = true;
  if (around.running && !around.ending) await around.running;
  const path = join(scope.path, label);
  const ran = around.running !== undefined;
  if (!result.success) throw new Failed(result.error, result.failedStep ?? path, ran);
  if (!ran) (scope.replaced ??= []).push(label);
  if (around.failed) {
    const failed: object[] = [];
    for (const call of undos.splice(mark).toReversed()) {
      await call.undo(around.failed, [], failed);
    }
    if (failed.length > 0) throw new Failed(around.failed, path, ran);
  }
  if (result.data === around.ending) return result.data as Context;
  try {
    return Object.freeze(copyOf(result.data));
  } catch (thrown) {
    throw new Failed(thrown, path, ran);
  }
}

class Layers {
  readonly node: Node;
  readonly ctx: Context;
  readonly scope: Scope;
  readonly label: string;
  hasReturned = false;
  running: Promise<StepResult> | undefined = undefined;
  /** The output of the step. */
  ending: Context | undefined = undefined;
  /** The latest failure that a layer returned to the layer around it. */
  failed: Error | undefined = undefined;

  constructor(node: Node, ctx: Context, scope: Scope, label: string) {
    this.node = node;
    this.ctx = ctx;
    this.scope = scope;
    this.label = label;
  }

  once(next: Next): Next {
    let calls = 0;
    return (ctx) => ++calls > 1 ? rejected("'next' must be called once") : next(ctx);
  }

  wrap(layer: Middleware, next: Next): Next {
    let run: ReturnType<Middleware>;
    try {
      run = layer(this.node as StepInfo, next);
    } catch (thrown) {
      return this.once(() => Promise.resolve(this.fail(thrown)));
    }
    return this.once((ctx) => {
      try {
        return Promise.resolve(run(ctx)).then(this.check, this.fail);
      } catch (thrown) {
        return Promise.resolve(this.fail(thrown));
      }
    });
  }

  readonly check = (result: StepResult): StepResult => {
    if (typeof result?.success !== "boolean") return this.fail(new TypeError("must be a result"));
    if (!result.success) this.failed = toError(result.error);
    return result;
  };

  readonly fail = (thrown: unknown): StepResult => {
    const error = this.failed = toError(thrown);
    return { success: false, error };
  };

  runStep(given: Context): Promise<StepResult> {
    if (this.hasReturned) return rejected("'next' must be called before its middleware returns");
    let ctx = this.ctx;
    let ending: Ending;
    try {
      if (given !== ctx) ctx = Object.freeze(copyOf(given));
      ending = this.node.start(ctx, this.scope, this.label);
    } catch (thrown) {
      return this.running = Promise.resolve(this.takeFailure(thrown));
    }
    return this.running = this.take(ending);
  }

  private async take(ending: Ending): Promise<StepResult> {
    try {
      let output: Context;
      if (ending instanceof Call) {
        let value: unknown;
        try {
          value = await ending.promise;
        } catch (thrown) {
          throw ending.crash(thrown);
        }
        output = ending.land(value);
      } else output = ending instanceof Promise ? await ending : ending;
      this.ending = output;
      return { success: true, data: Object.freeze(output) };
    } catch (thrown) {
      return this.takeFailure(thrown);
    }
  }

  private takeFailure(thrown: unknown): StepResult {
    if (!(thrown instanceof Failed)) return this.fail(thrown);
    const { error, failedStep } = thrown;
    this.failed = error;
    return { success: false, error, failedStep };
  }
}

function rejected(text: string): Promise<never> {
  const rejection = Promise.reject(new Error(text));
  rejection.catch(() => {});
  return rejection;
}
