import { describe, it } from "node:test";
import { assertThrows } from "@std/assert";
import { ConfigError, map, parallel, pipeline, step } from "@runsheet/runsheet";
import { assertUndoDeclared } from "@runsheet/runsheet/testing";

const reserve = step({ name: "reserve", run: () => {}, rollback: () => {} });
const charge = step({ name: "charge", run: () => {}, undoByKey: () => {} });
const print = step({ name: "print", run: () => {} });
const ship = step({ name: "ship", run: () => {} });
const fulfil = pipeline({ name: "fulfil", steps: [parallel(ship, print)] });
const labels = map("labels", () => ["a"], print, { as: "label" });
const checkout = pipeline({ name: "checkout", steps: [reserve, charge, fulfil, labels] });

describe("assertUndoDeclared", () => {
  it("accepts a rollback and an undo by key", () => {
    assertUndoDeclared(pipeline({ name: "p", steps: [reserve, charge] }));
    assertUndoDeclared(charge);
  });

  it("names the paths of all steps that have neither, at any depth", () => {
    assertThrows(
      () => assertUndoDeclared(checkout),
      Error,
      "Cannot accept 'checkout' as each of its steps must have a 'rollback' or an 'undoByKey', or be named in 'except': " +
        "[fulfil/parallel(ship, print)/ship, fulfil/parallel(ship, print)/print, map(labels)/print] have none",
    );
    assertThrows(() => assertUndoDeclared(ship), Error, "[ship] have none");
  });

  it("leaves out names, each for all steps of that name, and paths", () => {
    assertUndoDeclared(checkout, { except: ["print", "ship"] });
    const except = ["map(labels)/print", "ship"];
    assertThrows(
      () => assertUndoDeclared(checkout, { except }),
      Error,
      "[fulfil/parallel(ship, print)/print] have none",
    );
  });

  it("can require an undo by key of each step", () => {
    assertUndoDeclared(charge, { byKey: true });
    assertThrows(
      () => assertUndoDeclared(pipeline({ name: "p", steps: [reserve, charge] }), { byKey: true }),
      Error,
      "Cannot accept 'p' as each of its steps must have an 'undoByKey', or be named in 'except': " +
        "[reserve] have none",
    );
  });

  it("requires nothing of the function of a collection, which can only defer", () => {
    assertUndoDeclared(map("squares", () => [1, 2], (n) => n * n));
  });

  it("refuses anything that is not a step, and a name of no step", () => {
    const strange = { except: ["shpi"] };
    assertThrows(
      () => assertUndoDeclared(checkout, strange),
      ConfigError,
      "Cannot look for the undos of 'checkout' as 'except' must name its steps [reserve, charge, fulfil/",
    );
    assertThrows(() => assertUndoDeclared({} as never), ConfigError);
    assertThrows(
      () => assertUndoDeclared(checkout, { excpet: [] } as never),
      ConfigError,
      "its options must be among except",
    );
  });
});
