// Two runs and more: what a gate asks about, and of each metric its mean, p50, p90 and p99 and
// those that a gate names, against the base, with interval and verdict.
const { h, format } = metron;

const change = (share) => share === null || share === undefined ? "–" : (share > 0 ? "+" : "") + format.percent(share, Math.abs(share) >= 1 ? 0 : 1);

// interval is that of a change, as shares of the base's number.
const interval = (d) => {
  const [low, high] = Array.isArray(d.ci95) ? d.ci95 : [d.ci95?.low, d.ci95?.high];
  if (!d.base || (low ?? null) === null && (high ?? null) === null) return "";
  const end = (v) => v === null || v === undefined ? "?" : change(v / Math.abs(d.base));
  return end(low) + " to " + end(high);
};

const mark = (verdict) => verdict === "better" || verdict === "worse" ? h("span", { class: verdict }, verdict === "better" ? "▲ better" : "▼ worse") : "";

// asked are the statistics of a metric that are shown: these, and those that a gate names.
const asked = (c, metric) => ["mean", "p50", "p90", "p99", ...c.gates.map((g) => /^([a-z0-9_]+)\.(p[0-9.]+)/.exec(g.gate.trim())).filter((m) => m?.[1] === metric).map((m) => m[2])];

// gateChange is the change that a gate was held to, in its unit, and whether chance may be all.
const gateChange = (g) => {
  if (g.reason || g.change === null) return g.reason;
  const sign = g.change > 0 ? "+" : "";
  const text = g.gate.endsWith("%") ? change(g.change)
    : sign + (g.gate.endsWith("s") ? format.seconds(g.change) : String(Number(g.change.toPrecision(4)))); // of every unit of time
  return text + (g.shown === false ? ", which may be chance" : "");
};

const row = (name, stat, d, unit) => [name, stat, format.value(d.base, unit), format.value(d.run, unit), change(d.delta_share), interval(d), mark(d.verdict)];

const named = (doc, name) => {
  const { key, label } = doc.comparison.names[name];
  return metron.define(doc, key, label);
};

const against = (doc, a) => {
  const rows = [];
  for (const m of a.metrics) {
    let name = named(doc, m.name);
    const stats = asked(doc.comparison, m.name);
    for (const d of m.deltas.filter((d) => stats.includes(d.stat) && (d.base !== null || d.run !== null))) {
      rows.push(row(name, d.stat, d, m.unit));
      name = "";
    }
    if (m.each) rows.push([name, "each", "", "", change(m.each.share), interval({ base: 1, ci95: m.each.ci95 }), mark(m.each.verdict)]);
  }
  for (const r of a.rates.filter((r) => r.base !== null || r.run !== null)) rows.push(row(named(doc, r.name), "", r, r.unit));
  const paired = a.paired ? `Each request compared with itself: ${format.count(a.pairs)} that both answered (${format.count(a.only_base)} of the base and ${format.count(a.only_run)} of the run have none).`
    : "Compared as two populations: they do not replay the same rows.";
  return h("div", null,
    h("h3", null, a.name), h("p", { class: "note" }, paired),
    a.warnings.length > 0 && h("ul", { class: "warnings" }, a.warnings.map((w) => h("li", null, w.message))),
    metron.table("Compared with the base: " + a.name, ["", "", "base", "run", "change", "95 % CI of the change", ""], rows, [1, 6]),
    a.worst.length > 0 && h("details", null, h("summary", null, "The requests whose E2E latency grew most"),
      metron.table("The requests that got worse", ["record_id of the base", "of the run", "E2E", "", "TTFT", ""], a.worst.map((w) => [
        h("code", null, w.base_record_id), h("code", null, w.record_id), format.seconds(w.e2e_base_s), "→ " + format.seconds(w.e2e_s), format.seconds(w.ttft_base_s), "→ " + format.seconds(w.ttft_s)]), [1])));
};

metron.module({
  id: "compare",
  title: "Compared with the base",
  short: "Compare",
  wants: (doc) => Boolean(doc.comparison),
  render(root, page) {
    const { comparison: c } = page.doc;
    root.append(h("p", null, "Base: ", h("code", null, c.base.name), `, ${format.count(c.base.requests.total)} requests, ${format.count(c.base.requests.ok)} ok`));
    if (c.gates.length > 0) {
      root.append(h("h3", null, "Gates"), metron.table("Gates", ["", "run", "", ""], c.gates.map((g) => [
        h("code", null, g.gate), g.run, metron.verdict(g.passed ? "PASS" : "FAIL"), gateChange(g)]), [1, 2]));
    }
    for (const a of c.against) root.append(against(page.doc, a));
    root.append(h("p", { class: "note" }, "each: the median change of a request against itself. A verdict stands where the interval of the change holds no 0; that of the mean, p50 and each only where chance does not explain it, too (Holm's correction over all tests). A question mark is an end that so few requests do not bound."));
  },
});
