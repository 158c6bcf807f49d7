import { type EndpointOptions, serve, TerminalError } from "@restatedev/restate-sdk";
import { createEndpointHandler } from "@restatedev/restate-sdk/fetch";

type Handler = ReturnType<typeof createEndpointHandler>;

const { Deno } = globalThis as {
  readonly Deno?: { serve(options: { readonly port: number }, handler: Handler): unknown };
};

/** Serves workflows as the README says, with defaults that must not keep a run from its rollback. */
export async function serveWorkflows(
  services: EndpointOptions["services"],
  port: number,
): Promise<void> {
  const defaultServiceOptions = {
    asTerminalError: (error: unknown) => new TerminalError(String(error)),
    explicitCancellation: true,
    onJournalMismatchErrors: "fail",
    retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" },
  } as const;
  const options = { services, defaultServiceOptions };
  if (Deno) Deno.serve({ port }, createEndpointHandler({ ...options, bidirectional: true }));
  else await serve({ ...options, port });
}
