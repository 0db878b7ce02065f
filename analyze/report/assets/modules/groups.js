// The result for each group of rows (--by), in a table that sorts by any column.
const { h, format } = metron;

const shownAtOnce = 50;

// columns are a label, the number of a group, and its unit; the attainment of each SLO is one.
const columnsOf = (groups) => [
  ["requests", (g) => g.requests.total, "tokens"],
  ["ok", (g) => g.requests.ok, "tokens"],
  ["TTFT p50", (g) => g.metrics.ttft_s.p50, "s"], ["p99", (g) => g.metrics.ttft_s.p99, "s"],
  ["TBT p50", (g) => g.metrics.tbt_s.p50, "s"], ["p99", (g) => g.metrics.tbt_s.p99, "s"],
  ["E2E p50", (g) => g.metrics.e2e_latency_s.p50, "s"], ["p99", (g) => g.metrics.e2e_latency_s.p99, "s"],
  ["fluidity mean", (g) => g.metrics.fluidity_index.mean, "share"],
  ["tok/s", (g) => g.throughput.output_tokens_per_s, "tokens"],
  ...(groups[0].sections.slo ?? []).map((s, i, all) => [all.length > 1 ? `good ${i + 1}` : "good", (g) => g.sections.slo[i].attainment, "percent"]),
];

metron.module({
  id: "groups",
  title: "Breakdown",
  wants: (doc) => doc.runs.some((r) => (r.result.groups ?? []).length > 0),
  render(root, page) {
    let column = -1, down = true, all = false; // -1: by the group's key, as analyze orders them
    const draw = () => {
      const { result } = page.run.get();
      const groups = result.groups ?? [];
      if (groups.length === 0) {
        root.replaceChildren(h("p", { class: "note" }, "This run has no groups."));
        return;
      }
      const columns = columnsOf(groups);
      const sorted = [...groups];
      if (column >= 0) {
        const of = columns[column][1];
        sorted.sort((a, b) => { // the undefined last, whatever the order
          const x = of(a), y = of(b);
          if (x === null || y === null) return (x === null) - (y === null);
          return down ? y - x : x - y;
        });
      }
      const head = [result.settings.by.join(", "), ...columns.map(([label], i) => h("button", {
        type: "button", class: "sort", "aria-pressed": String(column === i),
        onclick: () => {
          down = column === i ? !down : true;
          column = i;
          draw();
        },
      }, label, column === i ? (down ? " ↓" : " ↑") : ""))];
      const name = (g) => Object.values(g.key).map((v) => v === null || v === "" ? "–" : typeof v === "object" ? v.value ?? "–" : v).join(", ");
      const rows = sorted.slice(0, all ? sorted.length : shownAtOnce).map((g) => [name(g), ...columns.map(([, of, unit]) => format.value(of(g), unit))]);
      const { groups: total } = page.run.get();
      const left = total > groups.length && h("p", { class: "note" }, `The ${format.count(groups.length)} groups with the most requests, of ${format.count(total)}; metron analyze --json has all.`);
      root.replaceChildren(left || "", metron.table("Groups", head, rows), rows.length < sorted.length
        ? h("button", { type: "button", onclick: () => { all = true; draw(); } }, `Show all ${format.count(sorted.length)} groups`) : "");
    };
    page.run.watch(draw);
  },
});
