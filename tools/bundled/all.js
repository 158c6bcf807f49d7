import * as core from "@runsheet/runsheet";
import * as testing from "@runsheet/runsheet/testing";

console.log(
  Object.entries({ ...core, ...testing }).map(([name, value]) => `${name} ${typeof value}`).join(
    "\n",
  ),
);
