// Code that the Workers of the tests share: a client of the test, and its commands.
import { cancel, send, type WorkflowInstance } from "@runsheet/cloudflare";

/** The bindings of a Worker. */
export interface Env {
  RUNS: {
    create(options: { id: string; params: unknown }): Promise<{ id: string }>;
    get(id: string): Promise<
      WorkflowInstance & {
        status(): Promise<object>;
        pause(): Promise<void>;
        resume(): Promise<void>;
      }
    >;
  };
  WORLD_URL: string;
  WORLD: { fetch(url: string, init: { method: string; body: string }): Promise<Response> };
}

/** Sends the test an event, and resolves with its answer. */
export async function tell<T>(env: Env, path: string, body: unknown): Promise<T> {
  const init = { method: "POST", body: JSON.stringify(body) };
  return await (await env.WORLD.fetch(`http://world/${path}`, init)).json() as T;
}

interface Command {
  op: "create" | "status" | "send" | "cancel" | "raw" | "pause" | "resume";
  id: string;
  params?: unknown;
  name?: string;
  data?: unknown;
}

/** Carries out the commands of the test. */
export const commands = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { op, id, params, name = "", data } = await request.json() as Command;
    try {
      if (op === "create") {
        await env.RUNS.create({ id, params });
        return Response.json({});
      }
      const instance = await env.RUNS.get(id);
      if (op === "status") {
        const { status, output, error } = await instance.status() as Record<string, unknown>;
        return Response.json({ status, output, error });
      }
      if (op === "send") await send(instance, name, data);
      else if (op === "cancel") await cancel(instance, data);
      else if (op === "raw") await instance.sendEvent({ type: name, payload: data });
      else await instance[op]();
      return Response.json({});
    } catch (error) {
      return Response.json({ thrown: String(error) });
    }
  },
};
