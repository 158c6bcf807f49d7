/**
 * OpenTelemetry traces of runsheet's runs. The package needs only `@opentelemetry/api`: the
 * application chooses the SDK, the exporter and the sampler.
 *
 * @example A span for each step of a run
 * ```ts
 * import { pipeline, step } from "@runsheet/runsheet";
 * import { otel } from "@runsheet/otel";
 *
 * const charge = step({ name: "charge", run: () => ({ chargeId: "c1" }) });
 * const checkout = pipeline({ name: "checkout", steps: [charge] });
 *
 * await checkout.run({}, { observer: otel() });
 * ```
 *
 * @example For every run of the process
 * ```ts
 * import { observeAll } from "@runsheet/runsheet/observe";
 * import { otel } from "@runsheet/otel";
 *
 * observeAll(otel());
 * ```
 *
 * @module
 */
export { otel } from "./src/otel.ts";
export type { AttributeValue, OtelOptions } from "./src/options.ts";
