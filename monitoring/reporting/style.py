"""The looks of the HTML report: light and dark, on a screen of any width and on paper."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2129; --faint: #5d6875; --rule: #dde2e8; --grid: #e8ebef;
  --line: #1f5fbf; --ok: #1a7f4b; --warning: #96620a; --critical: #b3261e;
  --warning-zone: #f5c24233; --critical-zone: #e0564a2e; --warning-bar: #e0a52b; --critical-bar: #d0453a;
  --s0: #2f6fcf; --s1: #e3a33a; --s2: #3fa58d; --s3: #8b8f98;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --card: #1c2128; --ink: #e5e9ee; --faint: #9aa6b3; --rule: #313944; --grid: #2a313a;
    --line: #79aef5; --ok: #58c08a; --warning: #e8b04a; --critical: #f2857c;
    --warning-zone: #e0a52b26; --critical-zone: #e0564a2e; --warning-bar: #d69f30; --critical-bar: #dc6259;
    --s0: #6aa2ee; --s1: #d9a44c; --s2: #55b79f; --s3: #8b93a0;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 40px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 0 0 8px; }
.period { margin: 2px 0 18px; color: var(--faint); }
.shortage { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--warning-bar);
  border-radius: 8px; padding: 12px 16px; font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(205px, 1fr)); gap: 12px; margin-bottom: 16px; }
.tile { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--rule); border-radius: 8px;
  padding: 10px 14px; color: var(--ink); }
.tile.state-ok { border-left-color: var(--ok); }
.tile.state-warning { border-left-color: var(--warning-bar); }
.tile.state-critical { border-left-color: var(--critical-bar); }
.tile .name { color: var(--faint); font-size: 13px; }
.tile .value { font-size: 25px; font-weight: 650; letter-spacing: -0.01em; line-height: 1.25; }
.tile.state-no-data .value { color: var(--faint); }
.tile .note { font-size: 13px; }
.tile .word { margin-left: 8px; font-size: 13px; font-weight: 700; letter-spacing: 0; }
.tile.state-warning .word { color: var(--warning); }
.tile.state-critical .word { color: var(--critical); }
.tile .change { color: var(--faint); font-size: 12px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: 12px; margin-bottom: 12px; }
figure, section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; margin: 0;
  padding: 14px 16px;
  break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
section { margin-bottom: 12px; }
figcaption { color: var(--faint); font-size: 12px; margin-top: 4px; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, "Segoe UI", Roboto, Arial, sans-serif; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .tick { fill: var(--faint); }
svg .label { fill: var(--faint); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
svg .line { fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }
svg .dot { fill: var(--line); }
svg .target { stroke: var(--ok); stroke-width: 1.3; stroke-dasharray: 5 4; }
svg .zone-warning { fill: var(--warning-zone); }
svg .zone-critical { fill: var(--critical-zone); }
svg .state-critical { fill: var(--critical-bar); }
svg .state-warning { fill: var(--warning-bar); }
svg .state-info { fill: var(--s0); }
svg .series-0 { fill: var(--s0); } svg .series-1 { fill: var(--s1); } svg .series-2 { fill: var(--s2); }
  svg .series-3 { fill: var(--s3); }
.key { margin-right: 14px; }
.key::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px;
  background: var(--s3); }
.key-0::before { background: var(--s0); } .key-1::before { background: var(--s1); }
  .key-2::before { background: var(--s2); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--faint); font-weight: 600; font-size: 12.5px; white-space: nowrap; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
td .state-ok { color: var(--ok); }
td .state-warning { color: var(--warning); font-weight: 650; }
td .state-critical { color: var(--critical); font-weight: 650; }
td .state-no-data { color: var(--faint); }
.none, .remark { color: var(--faint); margin: 0; }
.remark { font-size: 12.5px; margin-top: 4px; }
footer { color: var(--faint); font-size: 12.5px; }
footer p { margin: 4px 0; }
@media (max-width: 480px) { .charts { grid-template-columns: 1fr; } main { padding: 18px 10px; } }
@media screen and (max-width: 700px) { figure.wide { overflow-x: auto; } figure.wide svg { min-width: 760px; } }
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --faint: #444; --rule: #ccc; --grid: #e4e4e4; --line: #1f5fbf;
  --ok: #1a7f4b;
    --warning: #96620a; --critical: #b3261e; --s0: #2f6fcf; --s1: #e3a33a; --s2: #3fa58d; --s3: #8b8f98;
  color-scheme: light; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  @page { margin: 14mm; }
  body { font-size: 11px; } table { font-size: 10.5px; }
  main { max-width: none; padding: 0; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 8px; } .tile .value { font-size: 18px; }
  .charts { grid-template-columns: repeat(2, 1fr); gap: 8px; }
  .tile, tr { break-inside: avoid; }
}
"""
