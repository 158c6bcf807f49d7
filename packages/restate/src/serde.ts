import type { Serde } from "@restatedev/restate-sdk";
import { type Codec, codec, type ErrorClass } from "@runsheet/runsheet/durable";

/** Makes a codec that refuses values that are too large for Restate. */
export function codecUpTo(maxBytes: number, errors: readonly ErrorClass[] | undefined): Codec {
  const { encode, decode } = codec(errors);
  return {
    decode,
    encode(value) {
      const text = encode(value);
      // A UTF-16 code unit takes at most three bytes.
      const bytes = text.length * 3 > maxBytes ? new TextEncoder().encode(text).length : 0;
      if (bytes <= maxBytes) return text;
      throw new TypeError(`must have at most ${maxBytes} bytes: current value is ${bytes}`);
    },
  };
}

/** Passes on text that already is JSON. */
export const text: Serde<string> = {
  contentType: "application/json",
  serialize: (text) => new TextEncoder().encode(text),
  deserialize: (bytes) => new TextDecoder().decode(bytes),
};

/**
 * Makes the serde of a pipeline's workflow, for its typed clients: JSON in which `Date`, `Map`,
 * `Set`, `bigint`, bytes and errors are restored. For plain data it is plain JSON.
 *
 * @param errors The application's classes of errors that keep their class.
 * @returns The serde.
 */
export function codecSerde<T>(errors?: readonly ErrorClass[]): Serde<T> {
  const { encode, decode } = codec(errors);
  return {
    contentType: "application/json",
    serialize: (value) => text.serialize(encode(value)),
    // The codec restores what the other side has encoded.
    deserialize: (bytes) => decode(text.deserialize(bytes)) as T,
  };
}
