// The state of the orders, as a page for people.
import type { RunState } from "@runsheet/runsheet/durable";
import { html } from "hono/html";

const words: Record<RunState["state"], string> = {
  running: "at work",
  waiting: "waits",
  abandoned: "to be continued by another process",
  succeeded: "done",
  failed: "failed, and undone",
  unreadable: "cannot be read",
};

export function ordersPage(orders: readonly RunState[]): ReturnType<typeof html> {
  return html`
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Orders</title>
    <style>:root{color-scheme:light dark}body{font:1em/1.5 system-ui;margin:2em auto;max-width:50em;padding:0 1em}h2{font-size:1em;margin:1.5em 0 0;overflow-wrap:anywhere}</style>
    <h1>Orders</h1>
    ${orders.map(({ runId, state, until, calls }) =>
      html`
        <h2>${runId}: ${words[state]}${until ? whenOf(until) : ""}</h2>
        <p>${calls.length > 0 ? calls.join(", ") : "Nothing has been done yet."}</p>
      `
    )}</html>
  `;
}

function whenOf(until: number): string {
  return until === Infinity ? " for a decision" : ` until ${new Date(until).toISOString()}`;
}
