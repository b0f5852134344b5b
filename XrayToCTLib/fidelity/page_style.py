"""The look of the report page: inline CSS, light and dark by the reader's own setting, readable at phone width."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #18222c; --soft: #4d5a66; --ground: #ffffff; --panel: #f2f5f7;
  --line: #d3dae0; --accent: #0b6a8a; --warn-ground: #fff4d6; --warn-line: #d99a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebef; --soft: #a3b0bb; --ground: #11161b; --panel: #1a2129;
  --line: #323d47; --accent: #6cc3e0; --warn-ground: #332a10; --warn-line: #d99a00; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .4rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
a { color: var(--accent); }
.notice { margin: 0; padding: .6rem .9rem; font-weight: 600; background: var(--warn-ground);
  border-left: 4px solid var(--warn-line); }
.warnings { padding: .5rem .9rem .5rem 2rem; background: var(--warn-ground); border-left: 4px solid var(--warn-line); }
.soft { color: var(--soft); font-size: .9rem; }
figure { margin: 1rem 0; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #101418; border-radius: 4px; }
figcaption { margin-top: .3rem; color: var(--soft); font-size: .9rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.2rem; }
.pictures .wide { grid-column: 1 / -1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { background: var(--panel); font-size: .9rem; }
td.number { text-align: right; white-space: nowrap; }
th.number { text-align: right; }
td.long { overflow-wrap: anywhere; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: var(--accent); }
@media (max-width: 34rem) { body { padding: .7rem; font-size: 15px; } th, td { padding: .3rem .3rem; }
  .metrics { font-size: .82rem; } .facts th { width: 34%; } }
@media print { body { max-width: none; } details > * { display: block; } }
"""
