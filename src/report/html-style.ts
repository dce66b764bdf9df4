/** The style of report.html: one column of text, pictures on white paper also in the dark, nothing loaded from anywhere. */
export const STYLE = `
:root { color-scheme: light dark; --text: #222; --quiet: #5c5c5c; --paper: #fff; --back: #fbfbf9; --rule: #d8d8d4; --accent: #0072b2; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e6; --quiet: #a8a8a4; --back: #1b1b1a; --rule: #444440; --accent: #6cb8e6; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--back); color: var(--text); font: 1rem/1.55 Georgia, 'Times New Roman', serif; }
h1, h2, h3, table, figcaption, nav, dt, .small { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p, dd, li { max-width: 44rem; }
.finding { font-size: 1.2rem; margin: 0 0 .4rem; }
.small { color: var(--quiet); font-size: .85rem; }
a { color: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .65rem; text-align: left; border-bottom: 1px solid var(--rule); white-space: nowrap; vertical-align: bottom; }
th { font-weight: 600; color: var(--quiet); }
th .unit { display: block; font-weight: 400; }
tbody th, td { vertical-align: top; }
.number { text-align: right; }
.prose { white-space: normal; min-width: 18rem; }
.dense { font-size: .74rem; }
.dense th, .dense td { padding: .25rem .38rem; }
.dense th { white-space: normal; }
.bad { color: var(--bad); font-weight: 600; }
figure { margin: 1.2rem 0 1.8rem; background: var(--paper); border-radius: 4px; padding: .5rem; color: #222; }
figure svg { display: block; max-width: 100%; height: auto; }
dt { font-weight: 600; margin-top: .7rem; }
dd { margin: 0; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; background: #fff; color: #000; font-size: 10pt; } figure, table, tr, dl > div { break-inside: avoid; } h2, h3 { break-after: avoid; } table { font-size: 7.5pt; } th, td { padding: .15rem .35rem; white-space: normal; } .wide { overflow: visible; } table.dense { font-size: 5.5pt; } .dense th, .dense td { padding: .1rem .15rem; } .screen { display: none; } }
`;
