import {
  type AnyStep,
  choice,
  distribute,
  fallback,
  filter,
  flatMap,
  map,
  parallel,
  pipeline,
  type Step,
  step,
  when,
} from "@runsheet/runsheet";
import { type } from "arktype";

/**
 * Names with special characters for Mermaid, Graphviz, HTML or a terminal, and how a picture shows
 * them.
 */
export const hostileNames: ReadonlyMap<string, string> = new Map([
  ...[
    "end",
    "graph",
    "subgraph",
    "default",
    "class n0 x",
    "click n0 href",
    "%%{init: {}}%%",
    "%% comment",
    "---",
    "--> n1",
    "a|b|c",
    "a;b",
    "[x](y)",
    "{a}",
    "((a))",
    "~~~",
    "@{ shape: circle }",
    'say "hi"',
    "it's",
    "`tick`",
    "__bold__ *too*",
    "1. first",
    "- item",
    "# title",
    "$$x^2$$",
    "fa:fa-car",
    "</script><b>x",
    "<br>",
    "&amp; &#35;",
    "#35;",
    "\\n\\N\\G\\",
    "🎉 party 👩‍👩‍👧",
    "日本語",
  ].map((name): [string, string] => [name, name]),
  ["two\nlines", "two\nlines"],
  ["\0\x1b[31mred", "��[31mred"],
  ["\u202Ertl", "�rtl"],
  ["\ud800", "�"],
]);

/** A step that does nothing. */
export function idle(
  name: string,
  options: { readonly retry?: { readonly count: number }; readonly timeout?: number } = {},
): Step<string, Record<never, never>, Record<never, never>> {
  return step({ ...options, name, run: () => {} });
}

function isLarge(): boolean {
  return true;
}

/** A flow with everything that can be drawn. */
export const everything: AnyStep = pipeline({
  name: "everything",
  timeout: 5_000,
  steps: [
    step({
      name: "charge",
      requires: type({ amount: "number" }),
      provides: type({ chargeId: "string" }),
      retry: { count: 3, delay: 20, retryIf: () => true },
      timeout: 50,
      run: () => ({ chargeId: "c1" }),
      rollback: () => {},
    }),
    idle("log"),
    idle("log"),
    when(isLarge, idle("notify", { retry: { count: 1 } })),
    choice([isLarge, idle("card")], [() => true, idle("bank")], idle("cash")),
    parallel.with({ concurrency: 2 })(
      step({ name: "ship", run: () => {}, undoByKey: () => {} }),
      pipeline({ name: "mail", steps: [idle("write"), when(() => true, idle("send"))] }),
    ),
    map("labels", () => [1], (n: number) => n, { concurrency: 4 }),
    map("mails", () => [{ n: 1 }], idle("mail"), { onFailure: "collect" }),
    filter("open", () => [1], () => true),
    flatMap("lines", () => [1], () => [1]),
    distribute(
      "reports",
      { regions: "region" },
      step({ name: "report", run: (_: { region: string }) => {} }),
    ),
    fallback(idle("live"), idle("cached")),
    pipeline({ name: "nothing", steps: [] }),
  ],
});
