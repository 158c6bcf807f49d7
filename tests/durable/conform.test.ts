import { describe, it } from "node:test";
import { assert, assertThrows } from "@std/assert";
import { assertConforms, conform } from "@runsheet/runsheet/testing";
import { conformTarget } from "../support/conform_target.ts";
import { faults } from "../support/planted_faults.ts";

describe("conform()", () => {
  it("finds nothing wrong with durable() over a table", async () => {
    assertConforms(await conform(conformTarget(), { concurrency: 8 }));
  });

  for (const [name, { target, sentence, ...options }] of Object.entries(faults)) {
    it(`finds ${name}`, async () => {
      const report = await conform(target(), { concurrency: 2, ...options });
      const { message } = assertThrows(() => assertConforms(report), Error);
      assert(message.includes(sentence), message);
    });
  }
});
