// The places in the sources where the guarantees beyond the floor are kept, and what stands there
// without them.

/** The places of a part of a guarantee, and the text that takes each one's place. */
export type Cut = readonly [place: RegExp, instead: string];

/** In this order, each is cut out in addition to those before it. */
export const cuts: Readonly<Record<string, readonly Cut[]>> = {
  // Minified, an `undefined?.call(…)` is gone.
  observers: [
    [/[\w.?]*\bwatch\?\./g, "undefined?."],
    [/\bwatch\s*\? /g, "undefined ? "],
    [/if \(scope\.watch\)/g, "if (undefined)"],
    [/const watch = beginRun\(.*\);/g, "const watch = undefined;"],
    [/^ *(declare readonly watch: .*|this\.watch = watch;)$/gm, ""],
  ],
  hosts: [
    [/[\w.#]*\bseam\.isDirect\b/g, "true"],
    [/[\w.#]*\bseam\.(durable|interruption)\b/g, "undefined"],
    [/if \(options\.host\) this\.seam = new Seam\(options\.host\);/g, ""],
  ],
  "signals, timeouts, retries": [
    [/[\w.#]*\bcancellation\?\.(error|canGiveUp)\b/g, "undefined"],
    [/[\w.]*\bsignals\?\.[\w.]*/g, "undefined"],
    [/this\.signals = followSignals\(.*\);|this\.signals = undefined;/g, ""],
    [/undefined\(\);/g, ""],
    [/startCutoff\(first\)/g, "undefined"],
    [/if \(value === GIVEN_UP\)/g, "if (false)"],
    [/this\.cutoff\?\.end\(\);|this\.own\?\.release\(\);/g, ""],
    [/unlessGivenUp\((.*), (?:scope\.)?cancellation\);/g, "$1;"],
    [/validated === UNCHANGED && !cancellation/g, "validated === UNCHANGED"],
    [/this\.shared\?\.entryOf\(this\) \?\? this/g, "this"],
    [/new Returned\(raw, output\)/g, "(this.raw = raw, this.output = output, this)"],
    [/new Cancellation\(group\)/g, "group"],
    [
      /const \{ cancellation, scope \} = this;/g,
      "const { scope, scope: { cancellation } } = this;",
    ],
    [/this\.(?:cancellation = scope\.cancellation|number = number|generation = generation);/g, ""],
    [/declare (?:readonly )?(number|generation): number;/g, "get $1() { return 1; }"],
    [/this\.hasSettled = this\.isPushed = (this\.isStanding = false);/g, "$1;"],
    [/this\.(?:hasSettled|isPushed) = true;/g, ""],
  ],
  "runs inside steps, deps, resources": [
    [/this\.inside\?\.handOver\(this\.scope\.run\);/g, ""],
    [/const inside = given \? insideOf\(given\) : undefined;/g, "const inside = undefined;"],
    [/inside\?\.around\?\.inside\?\.add\(.*\);/g, ""],
    [/this\.around = undefined;/g, ""],
    [/if \(node\.deps \|\| .*\) return this\.startWithDeps\(.*\);/g, ""],
    [/if \(!run\.deps \|\| !isRoot\(scope\)\) return/g, "if (true) return"],
    [/const held = .*\bheld\?\.find\(.*\);/g, "const held = undefined;"],
    [/run\.without\(this\.ctx\)/g, "this.ctx"],
    [/return .*this\.drain\(\)\.then\(\(\) => this\.release\(\)\) : .*;/g, "return undefined;"],
    [/^ {2}(?:deps|held|resources|releases|released): .*;$/gm, ""],
  ],
  pivots: [
    [/if \(checked\.ok && attempt\.effect\.pivot\) .*;/g, ""],
    [/ \|\| journal\.committed\b/g, ""],
    [/this\.isStanding = (?:false|isValid);/g, ""],
    [/this\.top = new Layer\(entry, this\.top\);/g, "entry.below = this.top; this.top = entry;"],
    [/top\?\.entry\b/g, "top"],
    [/layer\.entry\./g, "layer."],
    [/private committedTo = 0;/g, ""],
  ],
  "options of pipelines, steps alone, JSON": [
    [/if \(typeof raw !== "object" .*Object\.prototype\) \{/g, "if (true) {"],
    [
      /new Succeeded\(Object\.freeze\(settled\.output\), meta\)/g,
      "new Succeeded(settled.output, meta)",
    ],
    [/this\.(?:executed|failedBy) = undefined;/g, ""],
    [/if \(node\.parts && !isPipeline\) this\.executed = new Set\(\);/g, ""],
    [/settled\.executed \?\? .*executedOf\(.*;/g, "settled.executed;"],
    [/return run\.executed && .* : ending;/g, "return ending;"],
    [/plan\.deep && !scope\.deep \? \{.*\} : scope/g, "scope"],
    [/return retry\s*\?[^:]*:/g, "return"],
    [/if \(timeout === undefined\) return begin/g, "return begin"],
    [/scope\.deep \? seal\(output, true\) : output/g, "output"],
    [/this\.(?:deep|hold) = (?:deep|hold);/g, ""],
    [/( class (?:Meta|Succeeded<Data>|Failed)) extends Printable/g, "$1"],
    [
      /super\(\);\n(?= +(?:if \(notReleased|this\.data|this\.error = error;\n +this.failedStep))/g,
      "",
    ],
    [/ {2}override fields\(\)[^}]*\}/g, ""],
  ],
  "limits and streams of items": [
    [
      /export function fanOut<Item>[^}]*\}/g,
      'export { runAllAtOnce as fanOut } from "../../bench/all_at_once.ts";',
    ],
  ],
};
