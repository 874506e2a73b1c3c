# Copyright (c) 2026, the tfserving.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise is made to other users.

"""The style sheet of a page: light and dark, wide and narrow, on a screen and on paper."""

from __future__ import annotations

LIGHT = """
--back:#f6f7f9;--card:#fff;--text:#1b2330;--soft:#5a6575;--line:#dfe3e9;--band:#eef1f5;
--candidate:#1d5fd1;--area:#1d5fd11f;--baseline:#a35a00;--good:#12733b;--good-back:#e3f4e9;--bad:#b3261e;--bad-back:#fbe7e5;
--wait:#8a5a00;--wait-back:#fdf1d7;--plain:#4a5566;--plain-back:#e8ebf0
"""
DARK = """
--back:#10151c;--card:#181f29;--text:#e4e9f0;--soft:#9aa7b8;--line:#2d3745;--band:#1f2733;
--candidate:#7fb0ff;--area:#7fb0ff2b;--baseline:#f0a64a;--good:#6fd297;--good-back:#153524;--bad:#ff9a90;--bad-back:#43201e;
--wait:#f1c265;--wait-back:#3d2f12;--plain:#b4bfcd;--plain-back:#2a3340
"""
STYLE = (
    f"""
:root{{color-scheme:light dark;{LIGHT.replace(chr(10), "")}}}
@media (prefers-color-scheme:dark){{:root{{{DARK.replace(chr(10), "")}}}}}
"""
    + """
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:66rem;margin:0 auto;padding:1.5rem 1rem 3rem}
header,section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.25rem 1.5rem;margin-bottom:1.25rem}
header{border-top:5px solid var(--plain)}
header.good{border-top-color:var(--good)}header.bad{border-top-color:var(--bad)}header.wait{border-top-color:var(--wait)}
h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .9rem}
p{margin:0 0 .6rem}
.kind{color:var(--soft);margin:0}
.reason{font-size:1.05rem;overflow-wrap:anywhere;border-left:3px solid currentColor;padding-left:.8rem;margin:.8rem 0}
.bad>.reason{color:var(--bad)}.wait>.reason{color:var(--wait)}
.replay,.empty,footer,small{color:var(--soft);font-size:.85rem}
.replay{margin:.9rem 0 0}.differs{color:var(--bad);font-weight:600}
small{display:block;overflow-wrap:anywhere}
.said small{font-size:.78rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.7rem 1.5rem;margin:1rem 0 0}
.facts div{min-width:0}
dl{margin:0}dd{margin:0;overflow-wrap:anywhere}
.facts dt{color:var(--soft);font-size:.8rem}
section>dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.3rem 1rem}
section>dl dt{color:var(--soft)}
.chip,.verdict{display:inline-block;border-radius:4px;padding:0 .45rem;font-size:.85rem;font-weight:600;white-space:nowrap}
.chip.good,.verdict.pass{color:var(--good);background:var(--good-back)}
.chip.bad,.verdict.fail{color:var(--bad);background:var(--bad-back)}
.chip.wait,.verdict.insufficient{color:var(--wait);background:var(--wait-back)}
.chip.plain{color:var(--plain);background:var(--plain-back)}
table{width:100%;border-collapse:collapse;font-size:.92rem}
th{text-align:left;font-weight:600;color:var(--soft);font-size:.8rem;padding:0 .8rem .4rem 0;border-bottom:1px solid var(--line)}
td{vertical-align:top;padding:.55rem .8rem .55rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
td:first-child,.steps td:nth-child(-n+4){white-space:nowrap}
.steps td:nth-child(3) small{white-space:normal;max-width:7rem}
.value{padding-left:1.1rem;text-indent:-1.1rem;color:var(--soft);font-size:.85rem}
.wide td:nth-child(2){width:30%}
.steps td:nth-child(5){min-width:11rem}.steps td:last-child{width:44%}
.said+.said{margin-top:.45rem}
.side{padding-left:1.1rem;text-indent:-1.1rem}
code{font:.85em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
td code{display:block;color:var(--soft)}
.queries{list-style:none;padding:0;margin:0}.queries li+li{margin-top:.8rem}
.events tr:target td{background:var(--band)}
.events td:nth-child(2){white-space:nowrap}.events td:nth-child(2) small{display:inline;margin-left:.6rem}
.events td:first-child{width:3rem}
figure{margin:0 0 1.6rem}
figcaption{display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;justify-content:space-between;margin-bottom:.5rem;font-size:.92rem}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.85rem;color:var(--soft)}
i{display:inline-block;width:1.1rem;margin-right:.4rem;vertical-align:.25em;border-top:2.5px solid var(--candidate)}
.side i{width:.7rem;text-indent:0}
i.baseline{border-top:2.5px dashed var(--baseline)}i.objective{border-top:2px dotted var(--soft)}
.plot,.x,.lane{position:relative;margin-left:3.6rem}
.plot{height:9.5rem}
svg{display:block;width:100%;height:100%}
svg *{vector-effect:non-scaling-stroke;fill:none}
svg .grid{stroke:var(--line)}
svg .band{fill:var(--band)}svg .cut{fill:var(--card);stroke:var(--soft);stroke-dasharray:2 3}
svg .area{fill:var(--area);stroke:none}
svg .candidate{stroke:var(--candidate);stroke-width:2.2;stroke-linejoin:round}
svg .baseline{stroke:var(--baseline);stroke-width:2;stroke-dasharray:6 3;stroke-linejoin:round}
svg .objective{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:1.5 4}
svg .at{stroke:var(--plain);opacity:.35}
svg .at.good{stroke:var(--good);opacity:.9}svg .at.bad{stroke:var(--bad);opacity:.9}svg .at.wait{stroke:var(--wait);opacity:.9}
.y{position:absolute;right:100%;margin-right:.5rem;transform:translateY(-50%);font-size:.75rem;color:var(--soft);white-space:nowrap}
.x{height:1.3rem}
.x span{position:absolute;transform:translateX(-50%);font-size:.75rem;color:var(--soft);white-space:nowrap}
.x span:first-child{transform:none}
.gap{position:absolute;top:50%;transform:translate(-50%,-50%);writing-mode:vertical-rl;font-size:.75rem;color:var(--soft);white-space:nowrap}
.lane{margin-bottom:.2rem}
.dot{display:inline-block;min-width:1.2rem;height:1.2rem;padding:0 .2rem;border-radius:.6rem;text-align:center;font:600 .72rem/1.2rem system-ui,sans-serif;
color:var(--card);background:var(--plain);text-decoration:none}
.dot.good{background:var(--good)}.dot.bad{background:var(--bad)}.dot.wait{background:var(--wait)}
.lane .dot{position:absolute;transform:translateX(-50%)}
footer{padding:0 .2rem}
@media (max-width:46rem){
main{padding:.6rem .6rem 2rem}
header,section{padding:1rem;border-radius:8px;margin-bottom:.8rem}
h1{font-size:1.3rem}.facts{grid-template-columns:repeat(auto-fill,minmax(10rem,1fr))}
thead{display:none}
table,tbody,tr,td{display:block}
tr{padding:.7rem 0;border-bottom:1px solid var(--line)}tr:first-child{padding-top:0}tr:last-child{border-bottom:0;padding-bottom:0}
td,td:first-child,.steps td:nth-child(n),.steps td:last-child,.wide td:nth-child(2),.events td:first-child{
border:0;padding:.15rem 0;white-space:normal;width:auto}
td:empty{display:none}
td::before{content:attr(data-label);display:block;font-size:.75rem;color:var(--soft)}
.events td{display:inline}.events .dot{margin-right:.5rem}.events td:last-child{display:block}.events td::before{content:none}
section>dl{display:block}section>dl dd{margin-bottom:.5rem}
.plot,.x,.lane{margin-left:3rem}.plot{height:8rem}
.x span:nth-child(even){display:none}
.steps td:nth-child(-n+4){display:inline-block;vertical-align:top;margin-right:1.6rem}
}
@media print{
:root{color-scheme:light;"""
    + LIGHT.replace("\n", "")
    + """}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{background:#fff;font-size:10pt}
main{padding:0;max-width:none}
header,section{border-radius:0;border-width:1px 0 0;padding:.8rem 0;margin:0}
.plot,.x,.lane{margin-right:1.2rem}.plot{height:7.2rem}figure{margin-bottom:.9rem}
figure,.events tr,.said,header{break-inside:avoid}h2{break-after:avoid}
}
"""
)
