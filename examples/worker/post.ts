import type { Service } from "./args.ts";

/** A service rejected a request. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;

  constructor(path: string, status: number) {
    super(`${path} answered with ${status}`);
    this.status = status;
  }
}

/** Posts a body as JSON and returns the id in the answer. */
export async function post(
  service: Service,
  path: string,
  body: Record<string, unknown>,
  init: RequestInit = {},
): Promise<{ id: string }> {
  const response = await service.fetch(`https://service${path}`, {
    ...init,
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Refusal(path, response.status);
  return await response.json() as { id: string };
}
