/** The style of a page. It loads nothing, and fits a narrow screen. */
export const STYLE: string = `
:root{color-scheme:light dark;--ink:#1c2024;--dim:#5c6570;--paper:#fff;--line:#e2e5e9;--ok:#1f7a43;--failed:#b3261e;--undone:#6a3fb5;--late:#8a5a00;--wait:#8a929b}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--dim:#a0a8b2;--paper:#16181b;--line:#2c3036;--ok:#57c27f;--failed:#ff8a80;--undone:#b79cf5;--late:#e0a83a;--wait:#6f7780}}
body{font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1100px;margin:0 auto;padding:1.5em 1em}
h1{font-size:1.4em;margin:0}h2{font-size:1.1em;margin:1.8em 0 .4em}p{margin:.3em 0}
ol{margin:0;padding:0;list-style:none}.u{list-style:decimal;padding-left:2em}
h1,b,.e{overflow-wrap:anywhere;unicode-bidi:isolate}small,.d,.a{color:var(--dim);font-size:.86em}
.r{display:grid;grid-template-columns:minmax(0,1fr) 5em 45%;column-gap:1em;align-items:center;border-top:1px solid var(--line);padding:2px 0}
.n{padding-left:calc(var(--i,0)*1.2em)}.d{text-align:right;font-variant-numeric:tabular-nums}
.t,.a{position:relative;height:12px;background:linear-gradient(90deg,var(--line) 1px,#0000 1px) 0/25%}
.t i{position:absolute;inset:1px auto 1px 0;min-width:3px;border-radius:2px;background:currentColor}
.t,.a{margin-right:3px}.a{height:1.4em}.a span{position:absolute;padding-left:3px}
.e{color:var(--failed);font:12px/1.5 ui-monospace,monospace;margin:0 0 4px;padding-left:calc(var(--i,0)*1.2em + 1.3em)}
.ok{color:var(--ok)}.failed,.stuck{color:var(--failed)}.undone{color:var(--undone)}.late,.running,.interrupted{color:var(--late)}.wait,.skipped{color:var(--wait)}
b{color:var(--ink);font-weight:500}.failed b,.stuck b{color:inherit;font-weight:700}.skipped b{color:var(--dim)}
.late i,.running i,.interrupted i{background:repeating-linear-gradient(45deg,currentColor 0 3px,#0000 3px 6px)}
.wait i{background:repeating-linear-gradient(90deg,currentColor 0 1px,#0000 1px 4px)}
.stuck i{background:repeating-linear-gradient(-45deg,currentColor 0 4px,#0000 4px 6px)}
@media(max-width:640px){.r{grid-template-columns:minmax(0,1fr) auto}.t,.a{grid-column:1/-1}}
@media print{body{max-width:none}.t i{print-color-adjust:exact}}
`.trim();
