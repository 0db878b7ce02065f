// Can the run be believed: its verdict, and second by second how late it was sent.
const { h, format, axis } = metron;

const us = (v) => v === undefined || v === null ? "–" : format.seconds(v / 1e6);

// spreads are the rows of a table from a Sender.
const rows = (whole) => [
  ["send lag", whole.send_lag], ["gap between sends, off by", whole.gap_error], ["goroutines waited to run", whole.sched_latency],
].filter(([, s]) => s).map(([name, s]) => [name, us(s.p50_us), us(s.p99_us), us(s.max_us)]);

const facts = (v) => {
  const w = v.whole ?? {};
  return [
    ["drift of the send lag", us(v.drift_us)],
    ["sent more than 1 ms late", w.late === undefined && !w.requests ? "–" : format.count(w.late ?? 0) + " of " + format.count((w.requests ?? 0) + (w.shed ?? 0))],
    ["due and not sent", format.count(w.shed ?? 0)],
    ["new connections waited for", format.count(w.new_connections ?? 0)],
    ["chunks that shared a socket read", w.chunks ? format.percent((w.coalesced_chunks ?? 0) / w.chunks, 2) : "–"],
    ["answers of another length than recorded", format.count(w.length_mismatches ?? 0)],
    ["cores the sender kept busy", w.cpu_cores ? format.number(w.cpu_cores) : "–"],
    ["timer", v.timer || "–"],
  ];
};

const tens = (_, ticks) => ticks.map((v) => v !== null && /^10*$/.test(String(Math.round(v * 1e9))) ? v : null);

const lagChart = (root, v) => {
  const steps = (v.steps ?? []).map((s, i) => [i * v.step_s, s]).filter(([, s]) => s.send_lag);
  if (steps.length < 2) return;
  const of = (key) => steps.map(([, s]) => Math.max(1, s.send_lag[key]) / 1e6);
  const place = h("div", null, h("h3", null, `Send lag, each ${v.step_s} s of the schedule`), h("div", { class: "key" }, h("span", { class: "solid" }, "p99"), h("span", { class: "dashed" }, "p50")));
  root.append(place);
  metron.chart(place, {
    label: "Send lag over the run, p99 and p50", height: 12,
    data: [steps.map(([at]) => at), of("p99_us"), of("p50_us")],
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { distr: 3 } },
    axes: [axis.seconds({ space: 70 }), axis.logSeconds({ filter: tens, grid: { filter: tens }, ticks: { filter: tens } })],
    series: [{}, { stroke: "--accent", width: 2, points: { show: steps.length < 80, size: 4 } }, { stroke: "--second", width: 1.5, dash: [6, 4], points: { show: false } }],
  });
};

const file = (f) => {
  const v = f.verdict;
  const root = h("div");
  root.append(h("p", { class: "headline" }, metron.verdict(v.status), h("code", null, f.path)));
  if ((v.reasons ?? []).length > 0) root.append(h("ul", { class: "warnings" }, v.reasons.map((r) => h("li", null, r))));
  const columns = h("div", { class: "columns" });
  const times = v.whole ? rows(v.whole) : [["send lag", us(v.send_lag_p50_us), us(v.send_lag_p99_us), us(v.send_lag_max_us)]];
  columns.append(h("div", null,
    metron.table("Times of the sender", ["", "p50", "p99", "max"], times),
    metron.table("The sender", ["", ""], facts(v))));
  root.append(columns);
  lagChart(columns, v);
  return root;
};

metron.module({
  id: "validity",
  title: "Can it be believed?",
  short: "Validity",
  wants: (doc) => doc.runs.length > 0,
  render(root, page) {
    page.run.watch((run) => {
      const { files, tokens, metrics } = run.result;
      const judged = files.filter((f) => f.verdict);
      root.replaceChildren(...(judged.length > 0 ? judged.map(file) : [h("p", { class: "note" }, "No run of a sender: what was captured or imported left when its clients liked, and nobody judged its timing.")]));
      const sources = Object.entries(tokens.sources).map(([name, n]) => name + " " + format.count(n)).join(", ");
      root.append(h("h3", null, "Tokens"), h("div", { class: "narrow" }, metron.table("How sure the token counts are", ["", ""], [
        ["counted by (requests)", sources || "–"],
        ["rows whose chunks do not say how many tokens", format.count(tokens.rows_chunk_tokens_unknown)],
        ["rows whose chunks do not add up to what was reported", format.count(tokens.rows_sum_differs_from_reported)],
        ["chunks that shared a socket read", format.percent(tokens.chunks_sharing_a_read, 2)],
        ["requests with a TTFT", format.count(metrics.ttft_s.count)],
      ])));
    });
  },
});
