// The run over time: charts on one time axis, on each of which a window can be brushed.
const { h, format, windows } = metron;

// steps joins bins for the eye, two and two again: until there are no more than can be told
// apart, and requests do not lie too thin.
const steps = (w) => {
  const requests = w.requests.reduce((a, b) => a + b, 0), most = Math.max(32, Math.min(180, requests / 6));
  let step = 1;
  while (w.requests.length / step > most) step *= 2;
  return step;
};

// seriesOf gives the charts' data: xs, and for each name a value a step.
const seriesOf = (w, step, linear) => {
  const out = { x: [], arrivals: [], failed: [], flying: [], tokens: [], ttft50: [], ttft99: [], tbt50: [], tbt99: [] };
  const perSecond = (list, i, j) => list.slice(i, j).reduce((a, b) => a + b, 0) / ((j - i) * w.width_us / 1e6);
  const q = (spread, permille) => windows.quantile(w, spread, permille, linear)?.value || null; // 0 has no place on a log axis
  for (let i = 0; i < w.requests.length; i += step) {
    const j = Math.min(w.requests.length, i + step), part = windows.of(w, i, j);
    out.x.push(windows.edge(w, i), windows.edge(w, j));
    out.arrivals.push(perSecond(w.requests, i, j));
    out.failed.push((part.measured - part.ok) / ((j - i) * w.width_us / 1e6));
    out.flying.push(perSecond(w.in_flight_us, i, j) / 1e6);
    out.tokens.push(perSecond(w.tokens, i, j));
    out.ttft50.push(q(part.ttft, 500));
    out.ttft99.push(q(part.ttft, 990));
    out.tbt50.push(q(part.tbt, 500));
    out.tbt99.push(q(part.tbt, 990));
  }
  for (const key of Object.keys(out)) if (key !== "x") out[key] = out[key].flatMap((v) => [v, v]); // at both ends of the step
  return out;
};

const charts = (s) => [
  { title: "Requests", unit: (v) => format.number(v) + "/s", axis: metron.axis.number(), lines: [["started", s.arrivals], ...(s.failed.some((v) => v > 0) ? [["not ok", s.failed, "--bad", [4, 3]]] : [])] },
  { title: "In flight", unit: format.number, axis: metron.axis.number(), lines: [["requests", s.flying]] },
  { title: "Output", unit: (v) => format.number(v) + " tok/s", axis: metron.axis.number(), lines: [["tokens", s.tokens]] },
  { title: "TTFT", unit: format.seconds, axis: metron.axis.seconds(), log: true, lines: [["p50", s.ttft50], ["p99", s.ttft99, "--second", [6, 3]]] },
  { title: "TBT", unit: format.seconds, axis: metron.axis.seconds(), log: true, lines: [["p50", s.tbt50], ["p99", s.tbt99, "--second", [6, 3]]] },
].filter((c) => c.lines.some(([, values]) => values.some((v) => v > 0)));

// drawChart puts one of them under its heading, which says the values under the cursor.
const drawChart = (root, c, last, xs, plugin) => {
  const read = c.lines.map(() => h("span", { class: "read" }));
  root.append(h("div", { class: "chart-head" }, h("strong", null, c.title),
    c.lines.map(([name, , color, dash], k) => h("span", { class: "legend" }, h("span", { class: "stroke " + (dash ? "dashed" : ""), "data-color": color ?? "--accent" }), name, " ", read[k]))));
  metron.chart(root, {
    label: `${c.title} over time`,
    height: last ? 8 : 6.5,
    data: [xs, ...c.lines.map(([, values]) => values)],
    padding: [6, 12, 0, 0],
    scales: { x: { time: false, range: [xs[0], xs.at(-1)] }, y: c.log ? metron.logScale : { range: (_, __, max) => [0, max * 1.08 || 1] } },
    axes: [{ ...metron.axis.clock(), ...(last ? {} : { size: 6, values: (_, ticks) => ticks.map(() => "") }) }, c.log ? metron.logAxis(c.axis) : { space: 24, ...c.axis }],
    series: [{}, ...c.lines.map(([name, , color, dash]) => ({
      label: name, stroke: color ?? "--accent", width: 1.5, dash, points: { show: false }, fill: c.log || color ? undefined : "--accent-soft",
    }))],
    cursor: { sync: { key: "time" }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    plugins: [plugin],
    hooks: {
      setCursor: [(u) => read.forEach((place, k) => { place.textContent = u.cursor.idx === null ? "" : c.unit(u.data[k + 1][u.cursor.idx]); })],
    },
  });
};

// sliders set the ends of the window without a pointer.
const sliders = (page, w) => {
  const n = w.requests.length;
  const input = (name) => h("input", { type: "range", min: 0, max: n, step: 1, "aria-label": name + " of the window" });
  const from = input("Begin"), to = input("End");
  const clear = h("button", { type: "button", class: "quiet", onclick: () => page.window.set(null) }, "Whole run");
  const set = () => {
    const [i, j] = [Number(from.value), Number(to.value)].sort((a, b) => a - b);
    if (i === j) return;
    page.window.set(i === 0 && j === n ? null : { from: windows.edge(w, i), to: windows.edge(w, j) });
  };
  from.addEventListener("input", set);
  to.addEventListener("input", set);
  const stop = page.window.watch((window) => {
    const [i, j] = windows.range(w, window);
    if (document.activeElement !== from && document.activeElement !== to || window === null) [from.value, to.value] = [i, j];
    for (const [one, at] of [[from, i], [to, j]]) one.setAttribute("aria-valuetext", format.seconds(windows.edge(w, at)));
    clear.disabled = window === null;
  });
  return { element: h("div", { class: "window-ends" }, h("label", null, "Begin", from), h("label", null, "End", to), clear), stop };
};

metron.module({
  id: "time",
  title: "Over time",
  wants: (doc) => doc.runs.some((r) => r.windows),
  render(root, page) {
    let stops = [];
    page.run.watch((run) => {
      stops.forEach((stop) => stop());
      stops = [];
      root.replaceChildren();
      const w = run.windows;
      if (!w || w.requests.length === 0) {
        root.append(h("p", { class: "note" }, "Of this run the page holds nothing over time."));
        return;
      }
      const step = steps(w), linear = run.result.settings.percentile === "linear", s = seriesOf(w, step, linear);
      const snap = (from, to) => {
        const i = windows.bin(w, from), j = Math.max(i, windows.bin(w, to - 1e-9)) + 1;
        return [windows.edge(w, i), windows.edge(w, j)];
      };
      const plots = h("div", { class: "plots" }), side = h("div", { class: "side" }), all = charts(s);
      const ends = sliders(page, w);
      root.append(h("div", { class: "linked" }, h("div", null,
        h("p", { class: "note" }, `Drag over a chart to look at a window of the run. A step is ${format.seconds(step * w.width_us / 1e6)}; time counts from the first request.`),
        plots, ends.element), side));
      all.forEach((c, k) => drawChart(plots, c, k === all.length - 1, s.x, metron.brush(page.window, snap)));
      stops = [ends.stop, metron.windowNumbers(side, page, run)];
    });
  },
});

// Escape ends the window.
document.addEventListener("keydown", (e) => {
  if (e.key === "Escape" && metron.page.window.get() !== null) metron.page.window.set(null);
});
