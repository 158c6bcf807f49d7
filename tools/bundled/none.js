import { pipeline } from "@runsheet/runsheet";
import { sweep } from "@runsheet/runsheet/testing";

const _neverCalled = () => sweep(pipeline({ name: "nothing", steps: [] }), {});

console.log("nothing used");
