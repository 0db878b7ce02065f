// What became of the run: its verdict, its key numbers, the table with intervals, warnings.
const { h, format, define, verdict } = metron;

const tile = (doc, key, label, big, small) =>
  h("div", { class: "tile" }, h("div", { class: "tile-label" }, define(doc, key, label)), h("div", { class: "tile-value" }, big), h("div", { class: "tile-note" }, small));

const tiles = (doc, r) => {
  const m = r.metrics, f = r.fluidity;
  const two = (key, label) => m[key]?.count > 0 && tile(doc, key, label + " p99", format.seconds(m[key].p99), "p50 " + format.seconds(m[key].p50));
  return [
    two("ttft_s", "TTFT"),
    two("tbt_s", "TBT"),
    two("e2e_latency_s", "E2E"),
    r.throughput.output_tokens_per_s !== null && tile(doc, "output_tokens_per_s", "Throughput", format.number(r.throughput.output_tokens_per_s) + " tok/s", format.number(r.throughput.requests_per_s) + " requests/s"),
    f.fluid_token_rate_per_s !== null && tile(doc, "fluid_token_rate_per_s", "Fluid token rate", format.number(f.fluid_token_rate_per_s) + " tok/s", "1/mean TPOT " + format.number(f.tpot_rate_per_s) + " tok/s"),
    f.service_miss_rate !== null && tile(doc, "service_miss_rate", "Deadlines missed", format.percent(f.service_miss_rate, 2), format.count(f.service_missed) + " of " + format.count(f.service_total)),
  ];
};

const columns = [["mean", "mean"], ["p50", "p50"], ["p90", "p90"], ["p99", "p99"], ["p99_9", "p99.9"]];

const numbers = (doc, run) => {
  const rows = run.metrics.filter((m) => !m.repeats && run.result.metrics[m.key].count > 0).map((m) => {
    const s = run.result.metrics[m.key];
    return [define(doc, m.key, m.label), format.count(s.count), ...columns.map(([key]) => [
      format.value(s[key], m.unit),
      m.unit === "s" && s.ci95 && h("span", { class: "ci" }, format.interval(s.ci95[key], m.unit)),
    ])];
  });
  return metron.table("Metrics with 95 % confidence intervals", ["", "N", ...columns.map(([, name]) => name)], rows);
};

const slos = (doc, r) => {
  const list = r.sections.slo ?? [];
  if (list.length === 0) return null;
  return [h("h3", null, define(doc, "slo", "Service level objectives")), metron.table("Service level objectives", ["SLO", "", "attained", "target", "goodput", "margin"], list.map((s) => [
    h("code", null, s.slo), s.pass === null ? "–" : verdict(s.pass ? "PASS" : "FAIL"), format.percent(s.attainment, 2), format.percent(s.attainment_target, 1),
    s.goodput_requests_per_s === null ? "–" : format.number(s.goodput_requests_per_s) + " requests/s", s.margin === null ? "–" : format.percent(s.margin),
  ]), [1])];
};

metron.module({
  id: "summary",
  title: "Result",
  wants: (doc) => doc.runs.length > 0,
  render(root, page) {
    page.run.watch((run) => {
      const r = run.result, status = page.status(run);
      root.replaceChildren(...[
        h("p", { class: "headline" }, status && verdict(status), h("span", null, run.headline)),
        h("div", { class: "tiles" }, tiles(page.doc, r).filter(Boolean)),
        r.warnings.length > 0 && h("ul", { class: "warnings", "aria-label": "Warnings" }, r.warnings.map((w) => h("li", null, w.message))),
        ...(slos(page.doc, r) ?? []),
        h("h3", null, "Every metric"),
        h("p", { class: "note" }, "Click a name for its definition. Under a number: where it lies with 95 % confidence; a dash is an end that so few requests do not bound."),
        numbers(page.doc, run),
      ].filter(Boolean));
    });
  },
});
