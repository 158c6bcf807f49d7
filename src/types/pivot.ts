import type { AnyStep, Step as AnyKind } from "../api/step.ts";
import type { NameOf } from "./of.ts";

// Only what a definition says for certain marks a step: that `pivot` is `true`, or that there is no
// `retry`. All other steps are plain ones, and the compiler lets them pass. The marks are optional,
// so that a plain step can replace a marked one.

/**
 * Marks the type of a pivot.
 *
 * @internal
 */
export declare const pivotMark: unique symbol;

/**
 * Marks the type of a step without `retry`.
 *
 * @internal
 */
export declare const onceMark: unique symbol;

/**
 * A step that is known to be a pivot. After it, the compiler refuses steps without `retry` in the
 * same pipeline.
 */
export interface PivotStep<Name extends string, Requires, Provides>
  extends AnyKind<Name, Requires, Provides> {
  /** Always absent. @internal */
  readonly [pivotMark]?: never;
}

/**
 * A step that is known to have no `retry` and to be no pivot. The compiler shows it with most
 * steps, so it has the name of all others.
 *
 * @internal
 */
export interface Step<Name extends string, Requires, Provides>
  extends AnyKind<Name, Requires, Provides> {
  /** Always absent. @internal */
  readonly [onceMark]?: never;
}

/**
 * Infers what a definition says for certain: its keys `K`, its name `L` if that is a literal, and
 * its name as `V` if `pivot` is `true`. If type arguments are written out, nothing is inferred, and
 * the defaults say so. The condition never holds, so the type of the definition stays as it is.
 *
 * TypeScript infers nothing from a definition that cannot be a `{ pivot: true }`. `V` is then the
 * type of `pivot`, and so it is `any` if that is `any`.
 *
 * @internal
 */
export type Noted<K extends PropertyKey, L extends string, V> = [K | 0] extends [1] ?
    & { readonly [k in K]: unknown }
    & { readonly name: `${L}` }
    & { readonly pivot: true; readonly name: V }
    & { readonly pivot: V }
  : unknown;

/**
 * The step of a definition that says this for certain.
 *
 * @internal
 */
export type MadeStep<N extends string, R, P, K, L, V> = unknown extends V ? AnyKind<N, R, P>
  : [V] extends [string] ? PivotStep<N, R, P>
  : "retry" extends K ? AnyKind<N, R, P>
  : [L] extends [never] ? AnyKind<N, R, P>
  : Step<N, R, P>;

/**
 * The mark of the step `S` if it is a pivot.
 *
 * @internal
 */
export type PivotOf<S> = unknown extends S ? never : keyof S & typeof pivotMark;

/**
 * The sentence for a step without `retry` that comes after a pivot; otherwise `Fit`.
 *
 * @internal
 */
export type Forward<S extends AnyStep, Fit> = unknown extends S ? Fit
  : typeof onceMark extends keyof S ? `step '${NameOf<
      S
    >}' comes after a pivot, so it needs a retry (retry: { count: 0 } tries it only once)`
  : Fit;
