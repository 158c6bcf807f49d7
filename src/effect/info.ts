import type { Call } from "../api/host.ts";
import { cast } from "../values/cast.ts";

/** The properties of the info for each kind of user code. */
export const INFO_NAMES: Readonly<
  Record<Exclude<Call["kind"], "args" | "collection">, readonly string[]>
> = {
  attempt: ["signal", "attempt", "key", "defer"],
  item: ["index", "signal", "key", "defer"],
  predicate: ["index", "signal", "key", "defer"],
  undo: ["error", "signal", "attempt", "key", "effectKey"],
};

const TARGET = {};

/**
 * The info object passed to user code. Its properties look like plain ones and survive a spread,
 * but some are created only when read: a signal costs an `AbortController`. A proxy is far cheaper
 * to create than an object with own accessors, and using the internal object as the proxy's handler
 * hides its other members.
 */
export abstract class LazyInfo implements ProxyHandler<object> {
  abstract readonly names: readonly string[];
  /** Returns the property called `name`. */
  abstract read(name: string): unknown;

  /** The object that user code receives. */
  shown<T extends object>(): T {
    return cast(new Proxy(TARGET, this));
  }

  get(target: object, name: string | symbol): unknown {
    return this.isName(name) ? this.read(name) : Reflect.get(target, name);
  }

  has(target: object, name: string | symbol): boolean {
    return this.isName(name) || name in target;
  }

  /** Lists the properties, for example for a spread. */
  ownKeys(): readonly string[] {
    return this.names;
  }

  /** Describes one property, for example for a spread. */
  getOwnPropertyDescriptor(
    _target: object,
    name: string | symbol,
  ): PropertyDescriptor | undefined {
    if (!this.isName(name)) return undefined;
    return { value: this.read(name), enumerable: true, configurable: true, writable: false };
  }

  /** Refuses an assignment, as a frozen object does. */
  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }

  /** Refuses a new prototype, which would apply to all infos, as they share one target. */
  setPrototypeOf(): boolean {
    return false;
  }

  /** Refuses to be frozen, which would freeze all infos, as they share one target. */
  preventExtensions(): boolean {
    return false;
  }

  private isName(name: string | symbol): name is string {
    return typeof name === "string" && this.names.includes(name);
  }
}
