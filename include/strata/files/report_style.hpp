// SPDX-License-Identifier: MIT
// The style of the report's page: light and dark, print, narrow screens. The two line colours are from the palette of Okabe and Ito,
// which people with any colour vision tell apart.
#pragma once

#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI {

inline constexpr const char* report_style = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2430;--faint:#5c6877;--grid:#e4e8ed;--edge:#dde2e8;
--chart-1:#0072b2;--chart-2:#d55e00;--heat:0 114 178;--hot-ink:#fff;--note:#fdf6e3;--note-edge:#e6c15a}
@media (prefers-color-scheme:dark){:root{--page:#11161c;--card:#1a212a;--ink:#e6ebf1;--faint:#9aa7b5;--grid:#2a333e;--edge:#2b3541;
--chart-1:#56b4e9;--chart-2:#f0a04b;--heat:38 120 175;--hot-ink:#fff;--note:#2a2616;--note-edge:#8a7430}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 20px 48px}
header{margin:0 0 20px}
h1{font-size:27px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
header p{margin:0;color:var(--faint)}
h2{font-size:16px;margin:0 0 12px}
section{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:18px 20px;margin:0 0 18px;min-width:0;
container-type:inline-size}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:0 18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:14px;margin:0 0 18px}
.tile{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:14px 18px;display:flex;flex-direction:column}
.tile span{color:var(--faint);font-size:13px}
.tile strong{font-size:25px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums}
.tile small{color:var(--faint)}
.tile.first{border-color:var(--chart-1)}
.tile.first strong{color:var(--chart-1)}
.notes{margin:0 0 18px;padding:12px 20px 12px 36px;background:var(--note);border:1px solid var(--note-edge);border-radius:12px}
.hint{color:var(--faint);font-size:13px;margin:0 0 10px}
.scroll + .hint{margin:10px 0 0}
.chart{display:block;width:100%;height:auto;font:14px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
@container (max-width:520px){.chart{font-size:17px}}
@container (min-width:640px){.chart{font-size:12.5px}}
.chart .grid path{stroke:var(--grid);fill:none}
.chart .axis{stroke:var(--faint);fill:none}
.chart text{fill:var(--faint)}
.chart .legend{fill:var(--ink)}
.chart .line path{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.chart .line-1 path{stroke:var(--chart-1)}
.chart .line-2 path{stroke:var(--chart-2);stroke-dasharray:6 5}
.chart .line-1 circle{fill:var(--chart-1)}
.chart .line-2 circle{fill:var(--card);stroke:var(--chart-2);stroke-width:1.8}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:500;text-align:left}
td{text-align:right}
thead th{color:var(--faint);font-size:13px}
.scores th,.scores td,.network th,.network td{white-space:nowrap;padding:5px 10px;border-bottom:1px solid var(--grid)}
.scores thead th:not(:first-child),.network thead th:not(:first-child){text-align:right}
tfoot th,tfoot td{font-weight:650;border-bottom:0!important}
.bar{width:26%}
.bar i{display:block;height:8px;border-radius:4px;background:linear-gradient(to right,var(--chart-1) calc(var(--v)*100%),var(--grid) 0)}
.matrix{border-collapse:separate;border-spacing:2px;font-size:13px}
.matrix thead th{vertical-align:bottom;text-align:center;padding:0 0 4px}
.matrix thead span{writing-mode:vertical-rl;transform:rotate(180deg)}
.matrix tbody th{color:var(--faint);padding:0 8px 0 0;font-size:13px}
.matrix tbody td{text-align:center;padding:5px 2px;border-radius:4px;min-width:32px;background:rgb(var(--heat)/calc(.04 + var(--v)*.9))}
.matrix .hot{color:var(--hot-ink)}
.matrix .zero{color:transparent}
.matrix .right{outline:1.5px solid rgb(var(--heat)/.55);outline-offset:-1.5px;font-weight:650}
.matrix .right.zero{color:var(--faint)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:5px 18px;margin:0}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
.option{white-space:nowrap}
footer{color:var(--faint);font-size:13px;margin:6px 2px 0}
@media print{body{background:#fff}section,.tile,.notes{break-inside:avoid}main{padding:0}}
)css";

}  // namespace strata::inline STRATA_ABI
