import type { Serde } from "@restatedev/restate-sdk";
import { codec, type ErrorClass } from "@runsheet/runsheet/durable";

/** Passes on text that already is JSON. */
export const json: Serde<string> = {
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
    serialize: (value) => json.serialize(encode(value)),
    // The codec restores what the other side has encoded.
    deserialize: (bytes) => decode(json.deserialize(bytes)) as T,
  };
}
