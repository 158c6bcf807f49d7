import { cast } from "../values/cast.ts";

const TARGET = {};

/**
 * What user code is told. Its properties look like plain ones, and a spread keeps them, though some are made when they
 * are read: a signal costs an `AbortController`. Own accessors would do the same and take 1.7 µs for each object, a
 * proxy 0.07; that it is the handler of that proxy keeps what is inside out of sight.
 */
export abstract class LazyInfo implements ProxyHandler<object> {
  /** The names of the properties. */
  abstract readonly names: readonly string[];
  /** Gives the property of a name. */
  abstract read(name: string): unknown;

  /** The object for the user. */
  shown<T extends object>(): T {
    return cast(new Proxy(TARGET, this));
  }

  /** Traps a read. */
  get(target: object, name: string | symbol): unknown {
    return this.#has(name) ? this.read(name) : Reflect.get(target, name);
  }

  /** Traps `in`. */
  has(target: object, name: string | symbol): boolean {
    return this.#has(name) || name in target;
  }

  /** Traps a listing, such as that of a spread. */
  ownKeys(): readonly string[] {
    return this.names;
  }

  /** Traps a look at one property, such as that of a spread. */
  getOwnPropertyDescriptor(
    _target: object,
    name: string | symbol,
  ): PropertyDescriptor | undefined {
    if (!this.#has(name)) return undefined;
    return { value: this.read(name), enumerable: true, configurable: true, writable: false };
  }

  /** Refuses an assignment, as a frozen object does. */
  set(): boolean {
    return false;
  }

  /** Refuses a definition. */
  defineProperty(): boolean {
    return false;
  }

  /** Refuses a deletion. */
  deleteProperty(): boolean {
    return false;
  }

  /** Refuses another prototype, which all infos would have: they have one target. */
  setPrototypeOf(): boolean {
    return false;
  }

  /** Refuses to be frozen, which all infos would be, and is not needed. */
  preventExtensions(): boolean {
    return false;
  }

  #has(name: string | symbol): name is string {
    return typeof name === "string" && this.names.includes(name);
  }
}
