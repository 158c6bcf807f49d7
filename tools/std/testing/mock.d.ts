// deno-lint-ignore-file no-explicit-any
export interface SpyCall<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: Self;
}

export interface ExpectedSpyCall<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  args?: [...Args, ...unknown[]];
  self?: Self;
  returned?: Return;
  error?: {
    Class?: new (...args: any[]) => Error;
    msgIncludes?: string;
  };
}

export interface Spy<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> {
  (this: Self, ...args: Args): Return;
  original: (this: Self, ...args: Args) => Return;
  calls: SpyCall<Self, Args, Return>[];
  restored: boolean;
  restore(): void;
}

export interface MethodSpy<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> extends Spy<Self, Args, Return>, Disposable {}

export interface Stub<
  Self = any,
  Args extends unknown[] = any[],
  Return = any,
> extends MethodSpy<Self, Args, Return> {
  fake: (this: Self, ...args: Args) => Return;
}

type Method<Self, Prop extends keyof Self> = Self[Prop] extends
  (this: any, ...args: infer Args extends unknown[]) => infer Return
  ? { args: Args; return: Return }
  : { args: unknown[]; return: unknown };

export declare class MockError extends Error {
  constructor(message: string);
}

export declare function spy<
  Self = any,
  Args extends unknown[] = unknown[],
>(): Spy<Self, Args, void>;
export declare function spy<Self, Args extends unknown[], Return>(
  func: (this: Self, ...args: Args) => Return,
): Spy<Self, Args, Return>;
export declare function spy<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
): MethodSpy<
  Self,
  Method<Self, Prop>["args"],
  Method<Self, Prop>["return"]
>;

export declare function stub<Self, Prop extends keyof Self>(
  self: Self,
  property: Prop,
  func?: (
    this: Self,
    ...args: Method<Self, Prop>["args"]
  ) => Method<Self, Prop>["return"],
): Stub<Self, Method<Self, Prop>["args"], Method<Self, Prop>["return"]>;

export declare function restore(): void;

export declare function assertSpyCalls<
  Self,
  Args extends unknown[],
  Return,
>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void;
export declare function assertSpyCall<
  Self,
  Args extends unknown[],
  Return,
>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected?: ExpectedSpyCall<Self, Args, Return>,
): void;
export declare function assertSpyCallArgs<
  Self,
  Args extends unknown[],
  Return,
>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: Args,
): void;

export declare function returnsNext<
  Return,
  Self = any,
  Args extends unknown[] = any[],
>(values: Iterable<Return | Error>): (this: Self, ...args: Args) => Return;
export declare function resolvesNext<
  Return,
  Self = any,
  Args extends unknown[] = any[],
>(
  iterable:
    | Iterable<Return | Error | Promise<Return | Error>>
    | AsyncIterable<Return | Error | Promise<Return | Error>>,
): (this: Self, ...args: Args) => Promise<Return>;
