"""The look of the report pages: inline CSS, light and dark by the reader's own setting, for phones and for paper."""

from __future__ import annotations

_LIGHT = """color-scheme: light; --ink: #18222c; --soft: #46525d; --ground: #ffffff; --panel: #f2f5f7;
  --line: #d3dae0; --accent: #0b6a8a; --warn-ground: #fff4d6; --warn-line: #d99a00; --best: #176b2c;"""
_DARK = """color-scheme: dark; --ink: #e6ebef; --soft: #a3b0bb; --ground: #11161b; --panel: #1a2129;
  --line: #323d47; --accent: #6cc3e0; --warn-ground: #332a10; --warn-line: #d99a00; --best: #7bc47f;"""

STYLE = f"""
:root {{ {_LIGHT} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .4rem; }}
h2 {{ font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }}
h3 {{ font-size: 1rem; margin: 1.2rem 0 .3rem; }}
a {{ color: var(--accent); text-decoration: underline; }}
.notice {{ margin: 0; padding: .6rem .9rem; font-weight: 600; background: var(--warn-ground);
  border-left: 4px solid var(--warn-line); }}
.warnings {{ padding: .5rem .9rem .5rem 2rem; background: var(--warn-ground);
  border-left: 4px solid var(--warn-line); }}
.soft, caption {{ color: var(--soft); font-size: .9rem; }}
caption {{ text-align: left; padding: .2rem 0; }}
footer {{ margin-top: 2.5rem; }}
figure {{ margin: 1rem 0; }}
figure img {{ display: block; max-width: 100%; height: auto; margin: 0 auto; background: #101418; border-radius: 4px; }}
figcaption {{ margin-top: .3rem; color: var(--soft); font-size: .9rem; }}
.pictures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.2rem; }}
.pictures .wide {{ grid-column: 1 / -1; }}
.scroll {{ overflow-x: auto; }}
.scroll:focus-visible, summary:focus-visible, a:focus-visible {{ outline: 2px solid var(--accent);
  outline-offset: 2px; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .35rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }}
thead th, thead td {{ background: var(--panel); font-size: .9rem; }}
td.number {{ text-align: right; white-space: nowrap; }}
th.number {{ text-align: right; }}
td.long {{ overflow-wrap: anywhere; }}
td small, th small {{ color: var(--soft); font-size: max(.78em, .72rem); display: block; white-space: nowrap; }}
td b {{ color: var(--best); }} td b + small {{ color: var(--best); }}
th small {{ font-weight: 400; }} tr.own > * {{ background: var(--panel); }}
tr.good > th {{ border-left: 5px solid #4caf50; }} tr.flag > th {{ border-left: 5px solid #d99a00; }}
tr.bad > th {{ border-left: 5px solid #e05a55; }}
.scroll table.metrics {{ width: auto; min-width: 100%; }} .metrics thead th {{ white-space: nowrap; }}
.metrics th.row {{ position: sticky; left: 0; background: var(--ground); font-weight: 600; }}
.metrics tr.own th.row {{ background: var(--panel); }}
.rows td:last-child {{ min-width: 18rem; }}
details {{ margin: .6rem 0; }}
summary {{ cursor: pointer; color: var(--accent); }}
@media (max-width: 34rem) {{ body {{ padding: .7rem; font-size: 15px; }} th, td {{ padding: .3rem .3rem; }}
  .metrics {{ font-size: .82rem; }} .facts th {{ width: 34%; }} .metrics th.row {{ max-width: 42vw; }} }}
@page {{ margin: 14mm; }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 10pt; }}
  details::details-content {{ content-visibility: visible; display: block; block-size: auto; }}
  details > * {{ display: block; }} summary {{ color: var(--ink); list-style: none; font-weight: 600; }}
  .scroll {{ overflow: visible; }} .metrics {{ font-size: 8pt; }} .metrics thead th {{ white-space: normal; }}
  .metrics th.row {{ position: static; }} .rows td:last-child {{ min-width: 0; }}
  figure, tr, .notice {{ break-inside: avoid; }} h2, h3, caption {{ break-after: avoid; }}
  thead {{ display: table-header-group; }} .pictures {{ grid-template-columns: 1fr 1fr; }}
  figure img {{ max-height: 17cm; width: auto; print-color-adjust: exact; -webkit-print-color-adjust: exact; }} }}
"""
