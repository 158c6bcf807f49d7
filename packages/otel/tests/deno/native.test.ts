// Deno's own OpenTelemetry, from a pipeline to a collector.
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Collector } from "../../../../tests/support/collector.ts";

Deno.test("with OTEL_DENO=true a collector gets the whole tree, the application's spans in it", async () => {
  const collector = await Collector.start();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", fileURLToPath(new URL("native_order.ts", import.meta.url))],
      env: {
        OTEL_DENO: "true",
        OTEL_DENO_CONSOLE: "ignore",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      },
    }).output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stdout)], [0, "false\n"], decoder.decode(stderr));
    assertEquals(collector.tree(), [
      "POST /orders",
      "  run order ! Error",
      "    charge",
      "      POST charge",
      "    map(mails)",
      "      item map(mails)",
      "        POST mail",
      "      item map(mails)",
      "        POST mail",
      "    quote",
      "      attempt quote ! TypeError",
      "        GET quote",
      "      attempt quote",
      "        GET quote",
      "    rollback order",
      "      undo charge -> charge",
      "        POST refund",
      "    ship ! Error",
    ]);
    assertEquals(new Set(collector.spans.map(({ traceId }) => traceId)).size, 1);
  } finally {
    await collector.close();
  }
});
