// Runs everything under zone.js, which patches the globals of its process, and prints the outcome.
import "zone.js/node";
import { places } from "../support/effects/places.ts";

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const told: Record<string, string> = {};
for (const [name, place] of Object.entries(places)) told[name] = await place(pass);
if (Promise.name !== "ZoneAwarePromise") throw new Error("zone.js has not swapped the global");
console.log(JSON.stringify(told));
