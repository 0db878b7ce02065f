// What the run asked of its server: when, how long, what a prefix cache could have known.
const { h, format, axis } = metron;

const titled = (root, text, key) => {
  const place = h("div", null, h("h3", null, text), key ?? "");
  root.append(place);
  return place;
};

const still = { drag: { x: false, y: false } };

const mostSteps = 120; // more are joined, several into one

const rates = (root, arrivals) => {
  if (!arrivals.step_s || (arrivals.requests_per_step ?? []).length < 2) return;
  const all = arrivals.requests_per_step, joined = Math.ceil(all.length / mostSteps);
  const step = arrivals.step_s * joined, counts = [];
  all.forEach((n, i) => { counts[Math.floor(i / joined)] = (counts[Math.floor(i / joined)] ?? 0) + n; });
  metron.chart(titled(root, `Arrivals, requests/s in steps of ${format.seconds(step)}`), {
    label: "Arrivals over time", height: 11, cursor: still,
    data: [counts.map((_, i) => i * step), counts.map((n) => n / step)],
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, max * 1.05] } },
    axes: [axis.seconds({ space: 70 }), axis.number()],
    series: [{}, { stroke: "--accent", fill: "--accent-soft", width: 1, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }],
  });
};

// powers are the ticks of a logarithmic axis that begin with 1.
const powers = (_, ticks) => ticks.map((v) => v !== null && /^10*$/.test(String(v)) ? v : null);

const lengths = (root, w) => {
  const all = [["input", w.input_tokens], ["output", w.output_tokens]].map(([name, d]) => [name, d.cdf.filter((p) => p.value > 0)]).filter(([, cdf]) => cdf.length > 1);
  if (all.length === 0) return;
  const xs = [...new Set(all.flatMap(([, cdf]) => cdf.map((p) => p.value)))].sort((a, b) => a - b);
  const column = (cdf) => { // a share holds from its value to the next
    let at = 0, share = 0;
    return xs.map((x) => {
      while (at < cdf.length && cdf[at].value <= x) share = cdf[at++].share;
      return share;
    });
  };
  const key = h("div", { class: "key" }, all.map(([name], i) => h("span", { class: i ? "dashed" : "solid" }, name)));
  metron.chart(titled(root, "Tokens a request, share of requests at most so long", key), {
    label: "Distribution of the lengths", height: 11, cursor: still,
    data: [xs, ...all.map(([, cdf]) => column(cdf))],
    scales: { x: { time: false, distr: 3, range: (_, min, max) => [min, max] }, y: { range: [0, 1.02] } },
    axes: [axis.number({ space: 1, filter: powers, grid: { filter: powers }, ticks: { filter: powers } }), axis.percent()],
    series: [{}, ...all.map((_, i) => ({ stroke: i ? "--second" : "--accent", width: 2, dash: i ? [6, 4] : undefined, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }))],
  });
};

const reuse = (root, r) => {
  if (!r || r.curve.length < 2) return;
  const share = (key) => r.curve.map((c) => c[key]);
  metron.chart(titled(root, `Prefix reuse: share of ${r.block_unit} a cache of so many blocks had`), {
    label: "Prefix reuse against the size of the cache", height: 11, cursor: still,
    data: [share("cache_blocks"), r.curve[0].tokens_share === null ? share("blocks_share") : share("tokens_share")],
    scales: { x: { time: false, distr: 3, range: (_, min, max) => [Math.max(1, min), max] }, y: { range: [0, 1.02] } },
    axes: [axis.number({ space: 1, filter: powers, grid: { filter: powers }, ticks: { filter: powers } }), axis.percent()],
    series: [{}, { stroke: "--accent", width: 2, points: { show: false } }],
  });
};

const facts = (w) => {
  const a = w.arrivals, of = (d) => [format.count(d.count), ...[d.mean, d.p50, d.p90, d.p99, d.max].map(format.number)];
  const head = ["", "N", "mean", "p50", "p90", "p99", "max"];
  const rows = [["input tokens", ...of(w.input_tokens)], ["output tokens", ...of(w.output_tokens)]];
  if (w.sessions) rows.push(["turns of a session", ...of(w.sessions.turns)]);
  const dispersion = a.index_of_dispersion.filter((d) => d.windows >= 10).map((d) => `${format.number(d.index)} in ${format.seconds(d.window_s)}`).join(", ");
  return [
    h("p", null, `${format.count(w.rows)} requests in ${format.seconds(a.span_s)}, ${format.number(a.rate_per_s)} a second. Gaps between arrivals vary by ${format.number(a.gap_cv)} of their mean (Poisson: 1); index of dispersion ${dispersion || "–"}.`),
    metron.table("Lengths", head, rows),
  ];
};

metron.module({
  id: "workload",
  title: "Workload",
  wants: (doc) => doc.runs.some((r) => r.workload),
  render(root, page) {
    page.run.watch((run) => {
      const w = run.workload;
      if (!w) {
        root.replaceChildren(h("p", { class: "note" }, "Not known of this run."));
        return;
      }
      const charts = h("div", { class: "columns" });
      root.replaceChildren(...facts(w), charts);
      rates(charts, w.arrivals);
      lengths(charts, w);
      reuse(charts, w.prefix_reuse);
    });
  },
});
