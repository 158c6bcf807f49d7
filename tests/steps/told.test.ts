import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { parallel, pipeline, step } from "@runsheet/runsheet";

describe("a step", () => {
  it("exposes its policies and its undos, which cannot be changed", () => {
    const retry = { count: 2, delay: () => 5 };
    const told = step({
      name: "s",
      retry,
      timeout: 500,
      run: () => {},
      rollback: () => {},
      undoByKey: () => {},
    });
    assertEquals([told.retry, told.timeout, told.undos], [retry, 500, ["rollback", "undoByKey"]]);
    assert(Object.isFrozen(told.retry) && Object.isFrozen(told.undos));
    const plain = step({ name: "s", run: () => {} });
    assertEquals([plain.retry, plain.timeout, plain.undos], [undefined, undefined, []]);
    const p = pipeline({ name: "p", steps: [told], timeout: 1_000 });
    assertEquals([p.retry, p.timeout, p.undos], [undefined, 1_000, undefined]);
    const group = parallel(told);
    assertEquals([group.retry, group.timeout, group.undos], [undefined, undefined, undefined]);
  });
});
