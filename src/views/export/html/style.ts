import { THEMES, type Theme } from "../../canvas/themes.ts";

/** Colours of a theme by the names that the rules below use. */
function variables({ ground, inks }: Theme, text: string): string {
  const named = {
    ground,
    text,
    faint: inks.faint,
    border: inks.border,
    track: inks.track,
    good: inks.good,
    warn: inks.warn,
    bad: inks.bad,
    arriving: inks.arriving,
    sync: inks.sync,
    async: inks.async,
    parallel: inks.parallel,
    distributed: inks.distributed,
  };
  return Object.entries(named)
    .map(([name, color]) => `--${name}:${color}`)
    .join(";");
}

const LIGHT = variables(THEMES.light, "#1a1a1e");
const DARK = variables(THEMES.dark, "#e6e6ea");

/** The look of a report: the themes of the terminal, light or dark as the reader prefers; one column on narrow screens. */
export const STYLE = `:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{${LIGHT}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem clamp(.75rem,3vw,2.5rem) 4rem;max-width:92rem;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p,li{max-width:75ch}
p{margin:.5rem 0}
ul{margin:.4rem 0;padding-left:1.2rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
pre{line-height:1.15;overflow-x:auto}
.faint,caption,.axis,.times{color:var(--faint)}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.box{border:2px solid var(--border);border-radius:.5rem;padding:.2rem 1rem .8rem;margin:1.2rem 0}
.box.good-box{border-color:var(--good)}.box.warn-box{border-color:var(--warn)}.box.bad-box{border-color:var(--bad)}
.box h2{margin:.8rem 0 .3rem}
.verdict{font-weight:600;font-size:1.05rem}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;padding-bottom:.25rem;font-size:.85rem}
th,td{padding:.28rem .7rem;text-align:right;border-bottom:1px solid var(--track);white-space:nowrap}
th:first-child{text-align:left;padding-left:0;position:sticky;left:0;background:var(--ground)}
.texts :is(th,td){text-align:left;white-space:normal;overflow-wrap:break-word;vertical-align:top}
.texts tbody th{white-space:nowrap}
thead th{border-bottom:1px solid var(--border);font-weight:600}
tbody th{font-weight:400}
@media (max-width:45rem){
.texts thead{display:none}
.texts :is(tbody,tr,th,td){display:block}
.texts :is(th,td){padding:.1rem 0;border:0}
.texts tr{padding:.4rem 0;border-bottom:1px solid var(--track)}
.texts tbody th{font-weight:600}
.texts td::before{content:attr(data-title) ": ";color:var(--faint)}
}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem 2rem}
figure{margin:0;min-width:0;break-inside:avoid}
figcaption{font-weight:600}
.plot{display:grid;grid-template-columns:3.6rem 1fr;grid-template-rows:9rem 1.3rem;margin-top:.7rem}
.axis{display:flex;flex-direction:column;justify-content:space-between;text-align:right;padding-right:.4rem;font-size:.78rem;line-height:1;margin:-.39rem 0}
.plot svg{grid-area:1/2;width:100%;height:100%;border-left:1px solid var(--border);border-bottom:1px solid var(--border);overflow:visible}
.times{grid-column:2;position:relative;font-size:.78rem}
.times span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.times span:first-child{transform:none}
.times span.last{transform:translateX(-100%)}
svg path{fill:none;vector-effect:non-scaling-stroke;stroke-width:1.5}
svg .grid{stroke:var(--track);stroke-width:1}
svg .dashed{stroke-dasharray:5 3}
svg :is(.heavy,.heavy-dashed){stroke-width:3}
svg .heavy-dashed{stroke-dasharray:8 4}
svg .predicted{stroke-dasharray:1.5 4;stroke-width:1.5;opacity:.9}
svg .mark{stroke:var(--arriving);stroke-dasharray:3 2}
.plot.marked{margin-top:1.6rem}
.marks{grid-area:1/2;position:relative;height:0;color:var(--faint);font-size:.78rem}
.marks span{position:absolute;bottom:.1rem;white-space:nowrap;transform:translateX(-.1rem)}
.marks span.last{transform:translateX(-100%)}
svg .dot{stroke-width:8;stroke-linecap:round}svg .faintly{opacity:.3}
.interval{width:14rem;height:1.25rem;display:block}
svg .void{opacity:.4}
.sync{stroke:var(--sync)}.async{stroke:var(--async)}.parallel{stroke:var(--parallel)}.distributed{stroke:var(--distributed)}.other{stroke:var(--text)}
.plot.live{display:block;margin-top:.7rem}.plot.live>:not(.uplot){display:none}
.uplot{font-family:inherit}.u-legend{font-size:.8rem;text-align:left;color:var(--text)}.u-legend :is(th,td){border:0;padding:0 .2rem;position:static;background:none;white-space:nowrap}
.u-select{background:color-mix(in srgb,var(--text) 12%,transparent)}.u-cursor-x,.u-cursor-y{border-color:var(--border)!important}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0 .8rem}
.legend svg{width:2.2rem;height:.7rem;margin-right:.4rem}
details{margin:.5rem 0}
summary{cursor:pointer}
`;
