// Draws the charts of a report anew over their pictures: with zoom, and values under the cursor. Runs in the reader's browser.
/* global uPlot */
(async () => {
  /** Height of a chart, in pixels. */
  const HEIGHT = 200;
  /** Room above a chart for the labels of its marks, in pixels. */
  const MARGIN = 18;
  const DASHES = { light: [], dashed: [5, 3], heavy: [], "heavy-dashed": [8, 4] };

  const block = document.getElementById("series");
  const data = await (block.type === "application/json" ? JSON.parse(block.textContent) : unpacked(block.textContent));
  const drawn = [];

  for (const [number, plot] of document.querySelectorAll(".plot[data-chart]").entries()) {
    // A chart that is folded away has no width yet.
    new ResizeObserver(([{ contentRect }]) => {
      const width = Math.floor(contentRect.width);
      if (width < 50) return;
      if (drawn[number] === undefined) drawn[number] = draw(plot, data.charts[plot.dataset.chart], width);
      else if (drawn[number].width !== width) drawn[number].setSize({ width, height: HEIGHT });
    }).observe(plot);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const chart of drawn) chart?.redraw(false, true);
  });

  async function unpacked(text) {
    const bytes = Uint8Array.from(atob(text.trim()), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  function draw(plot, { group, unit, lines, marks }, width) {
    const format = (value) => (value == null ? "–" : inUnit(unit, value));
    const joined = uPlot.join(lines.map(({ of, values }) => [data.times[of], values]));
    const steps = uPlot.paths.stepped({ align: -1 });
    const predicted = lines.filter((line) => line.predicted !== null);
    const axis = { stroke: () => color("faint"), grid: { stroke: () => color("track"), width: 1 }, ticks: { show: false } };
    plot.classList.add("live");
    const chart = new uPlot(
      {
        width,
        height: HEIGHT,
        ...(marks.length === 0 ? {} : { padding: [MARGIN, null, null, null], hooks: { draw: [(chart) => drawMarks(chart, marks)] } }),
        cursor: { sync: { key: group, scales: ["x", null] }, drag: { x: true, y: false }, dataIdx: nearest, points: { size: 6 } },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map((ms) => inUnit("ms", ms)), space: 70, size: 28 },
          { ...axis, values: (_, ticks) => ticks.map(format), size: 62, gap: 4 },
        ],
        series: [
          { label: "until", value: (_, ms) => (ms == null ? "–" : inUnit("ms", ms)) },
          ...lines.map(({ label, ink, stroke, sound }) => ({
            label,
            stroke: () => color(ink),
            width: stroke.startsWith("heavy") ? 3 : 1.5,
            dash: DASHES[stroke],
            alpha: sound ? 1 : 0.4,
            paths: steps,
            points: { show: false },
            value: (_, value) => format(value),
          })),
          ...predicted.map(({ label, ink }) => ({
            label: `${label} predicted`,
            stroke: () => color(ink),
            dash: [2, 4],
            points: { show: false },
            value: (_, value) => format(value),
          })),
        ],
      },
      [...joined, ...predicted.map((line) => joined[0].map(() => line.predicted))],
      plot,
    );
    chart.root.title = "Drag to zoom, double-click for all of it";
    return chart;
  }

  /** Lines at changes of the arrival rate, with their labels above; of those without room beside each other the last. */
  function drawMarks({ ctx, bbox, valToPos }, marks) {
    const scale = devicePixelRatio;
    ctx.save();
    Object.assign(ctx, { font: `${12 * scale}px system-ui, sans-serif`, fillStyle: color("faint"), strokeStyle: color("arriving") });
    Object.assign(ctx, { lineWidth: 1.5 * scale, textAlign: "left", textBaseline: "bottom" });
    ctx.setLineDash([3 * scale, 2 * scale]);
    let free = Number.POSITIVE_INFINITY;
    for (const { t, label } of marks.toReversed()) {
      const x = valToPos(t, "x", true);
      if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const { width } = ctx.measureText(label);
      const from = Math.min(x, bbox.left + bbox.width - width);
      if (from + width > free) continue;
      free = from - 6 * scale;
      ctx.fillText(label, from, bbox.top - scale);
    }
    ctx.restore();
  }

  /** The sample that the cursor is in: series of several cases have instants of their own. */
  function nearest(chart, series, at) {
    const values = chart.data[series];
    let index = at;
    while (values[index] === undefined && index < values.length - 1) index++;
    return values[index] === undefined ? at : index;
  }

  function inUnit(unit, value) {
    if (unit === "ms") {
      if (value === 0) return "0";
      return value < 1 ? `${digits(value * 1000)} µs` : value < 1000 ? `${digits(value)} ms` : `${digits(value / 1000)} s`;
    }
    return value < 10_000 ? digits(value) : value < 10_000_000 ? `${digits(value / 1000)} k` : `${digits(value / 1_000_000)} M`;
  }

  function digits(value) {
    return String(Number(value.toPrecision(4)));
  }
})();
