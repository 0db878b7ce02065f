// Ask a new question: four sliders over the points of the grid, and all that moves with them.
const { h, format, answer, axis } = metron;

// flag writes a time as Go's flags take it.
const flag = (us) => us % 1e6 === 0 ? us / 1e6 + "s" : us % 1000 === 0 ? us / 1000 + "ms" : us + "us";

const permille = (v) => v / 10 + " %";

const sliders = (grid) => [
  { name: "ttft", label: grid.prefill ? "First token after its prefill" : "TTFT deadline", values: grid.ttft_us, show: (v) => (grid.prefill ? "+ " : "") + format.seconds(v / 1e6) },
  { name: "tbt", label: "TBT deadline", values: grid.tbt_us, show: (v) => format.seconds(v / 1e6) },
  { name: "miss", label: "May be missed", values: grid.miss_permille, show: permille },
  { name: "percentile", label: "Percentile", values: grid.percentile_permille, show: format.percentile },
];

const slider = (page, s) => {
  const output = h("output", { for: "ask-" + s.name });
  const input = h("input", { type: "range", id: "ask-" + s.name, min: 0, max: s.values.length - 1, step: 1 });
  input.addEventListener("input", () => page.question.set({ ...page.question.get(), [s.name]: Number(input.value) }));
  const unwatch = page.question.watch((q) => {
    if (!q) return;
    input.value = q[s.name];
    const text = s.show(s.values[q[s.name]]);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  });
  return { unwatch, element: h("div", { class: "slider" }, h("label", { for: "ask-" + s.name }, s.label), output, input) };
};

// commandOf asks the same of the files: what the page was asked, and what the sliders say.
// "" is that none does: a model that was fitted to the base of a comparison is in no file.
const commandOf = (page, run, q) => {
  const { grid } = run;
  if (page.doc.comparison && run !== page.doc.runs[0] && page.doc.ask.includes("--prefill estimate")) return "";
  return ["metron analyze", ...run.result.files.map((f) => metron.shellWord(f.path)), page.doc.ask,
    grid.prefill ? "--prefill-slack" : "--ttft-deadline", flag(grid.ttft_us[q.ttft]), "--tbt-deadline", flag(grid.tbt_us[q.tbt]),
    "--slo", `'miss_rate<=${grid.miss_permille[q.miss] / 1000}'`].filter(Boolean).join(" ");
};

// answers are tiles; each text is of an answer and its question.
const answers = [
  { id: "attainment", key: "attainment", label: "Attainment", big: (a) => format.percent(a.attainment, 2), small: (a, q) => `${format.count(a.good)} of ${format.count(a.judged)} miss at most ${q.miss}` },
  { id: "goodput", key: "goodput_requests_per_s", label: "Goodput", big: (a) => format.value(a.goodput, "req/s"), small: (a) => format.value(a.tokenGoodput, "tok/s") },
  { id: "fluidity", key: "fluidity_index", label: "Fluidity-index", big: (a) => a.fluidity === null ? "–" : "≥ " + format.share(a.fluidity), small: (_, q) => `of ${q.share} of the requests` },
  { id: "missed", key: "service_miss_rate", label: "Deadlines missed", big: (a) => format.percent(a.serviceMissRate, 2), small: (a) => `${format.count(a.missed)} of ${format.count(a.deadlines)}` },
  { id: "acceptance", key: "acceptance_curve", label: "Acceptance", big: (a) => format.percent(a.acceptance, 1), small: (_, q) => `1 – ${q.percentile} of the miss rates after token 1` },
  { id: "fluid-rate", key: "fluid_token_rate_per_s", label: "Fluid token rate", big: (a) => format.value(a.fluidRate, "tok/s"), small: (a, q) => `${q.share} need at most ${format.seconds(a.fluidDeadline)} a token` },
];

const tile = (page, grid, t) => {
  const big = h("div", { class: "tile-value", id: "answer-" + t.id }), small = h("div", { class: "tile-note" });
  const unwatch = page.question.watch((q) => {
    if (!q) return;
    const a = answer(grid, q);
    const words = { miss: permille(grid.miss_permille[q.miss]), percentile: format.percentile(grid.percentile_permille[q.percentile]), share: permille(grid.percentile_permille[q.percentile]) };
    big.textContent = t.big(a);
    small.textContent = t.small(a, words);
  });
  return { unwatch, element: h("div", { class: "tile" }, h("div", { class: "tile-label" }, metron.define(page.doc, t.key, t.label)), big, small) };
};

// runsTable has every run's answers to the same question: all were held to one lattice.
const runsTable = (page, grids) => {
  const root = h("div");
  const unwatch = page.question.watch((q) => {
    if (!q) return;
    const rows = grids.map(([name, grid]) => {
      const a = answer(grid, q);
      return [name, ...answers.map((t) => t.big(a))];
    });
    root.replaceChildren(metron.table("The same question to every run", ["", ...answers.map((t) => t.label)], rows));
  });
  return { unwatch, element: h("div", null, h("h3", null, "Every run"), root) };
};

// curve draws what one slider would do: a line per answer over its values, and where it stands.
const curve = (root, page, grid, { name, label, values, lines }) => {
  const xs = values.map((us) => us / 1e6);
  const data = (q) => [xs, ...lines.map((l) => xs.map((_, i) => answer(grid, { ...q, [name]: i })[l.of]))];
  const mark = (u) => {
    const q = page.question.get();
    if (!q) return;
    const x = Math.round(u.valToPos(xs[q[name]], "x", true));
    u.ctx.save();
    u.ctx.strokeStyle = metron.color("--ink");
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    u.ctx.beginPath();
    u.ctx.moveTo(x, u.bbox.top);
    u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    u.ctx.stroke();
    u.ctx.restore();
  };
  const key = h("div", { class: "key" }, lines.map((l) => h("span", { class: l.dash ? "dashed" : "solid" }, l.label)));
  const place = h("div", null, h("h3", null, label), key);
  root.append(place);
  const pick = (u) => { // a click on the chart sets the slider
    u.over.addEventListener("click", () => {
      if (u.cursor.idx !== null) page.question.set({ ...page.question.get(), [name]: u.cursor.idx });
    });
  };
  const c = metron.chart(place, {
    label: `${label}: ${lines.map((l) => l.label).join(", ")}`,
    height: 13,
    data: data(page.question.get()),
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: false, distr: 3, range: (_, min, max) => [min, max] }, y: { range: [0, 1.02] } },
    axes: [axis.logSeconds(), axis.percent()],
    series: [{}, ...lines.map((l) => ({ stroke: l.stroke, width: 2, dash: l.dash, points: { show: false } }))],
    hooks: { draw: [mark], ready: [pick] },
  });
  return page.question.watch((q) => { if (q) c.setData(data(q)); });
};

const resolution = (grid) => {
  const span = (values) => `${values.length} from ${format.seconds(values[0] / 1e6)} to ${format.seconds(values[values.length - 1] / 1e6)}`;
  return `Computed in advance at ${format.count(grid.ttft_us.length * grid.tbt_us.length)} pairs of deadlines: TTFT at ${span(grid.ttft_us)}, TBT at ${span(grid.tbt_us)}, ` +
    "about ten to the decade and those that were asked. Sliders stop at these and nowhere between: counts, goodput and the fluid token rate are exact there. " +
    "The fluidity-index and acceptance come in steps of 0.001, rounded against the run; percentiles are nearest ranks." +
    (grid.left_out > 0 ? ` ${format.count(grid.left_out)} requests have no times of tokens, or no known deadline, and are left out.` : "");
};

const askable = (run) => run.grid ? run.grid.answered > 0 : run.result.settings.fluidity === "etalon";

const absent = (run) => h("p", { class: "note" }, run.grid ? "No request of this run has tokens with a deadline." : "This run was analyzed in Etalon's floating-point arithmetic, which has no grid of questions. Each is still one command: metron analyze FILE --fluidity etalon --ttft-deadline 200ms --tbt-deadline 25ms");

metron.module({
  id: "ask",
  title: "Ask a new question",
  short: "Ask",
  wants: (doc) => doc.runs.some(askable),
  render(root, page) {
    let unwatch = [];
    page.run.watch((run) => {
      for (const stop of unwatch) stop();
      unwatch = [];
      const { grid } = run;
      if (!grid || grid.answered === 0) {
        root.replaceChildren(absent(run));
        return;
      }
      page.question.set(grid.asked);
      const keep = ({ unwatch: stop, element }) => {
        unwatch.push(stop);
        return element;
      };
      const all = sliders(grid);
      const grids = page.doc.runs.filter(askable).filter((r) => r.grid && String(r.grid.ttft_us) === String(grid.ttft_us) && String(r.grid.tbt_us) === String(grid.tbt_us)).map((r) => [r.name, r.grid]);
      const command = h("code");
      const same = h("p", { class: "note" }, "The same from the command line: ", command);
      unwatch.push(page.question.watch((q) => {
        if (!q) return;
        command.textContent = commandOf(page, run, q);
        same.hidden = command.textContent === "";
      }));
      const curves = h("div", { class: "columns" });
      root.replaceChildren(
        h("p", { class: "note" }, "Hold this run to other deadlines: how many requests would have kept them, and how much of the traffic?"),
        h("div", { class: "ask" },
          h("form", { class: "sliders", onsubmit: (e) => e.preventDefault() }, all.map((s) => keep(slider(page, s))),
            h("button", { type: "button", onclick: () => page.question.set(grid.asked) }, "As it was asked")),
          h("div", { class: "tiles answers", "aria-live": "polite" }, answers.map((t) => keep(tile(page, grid, t))))),
        grids.length > 1 ? keep(runsTable(page, grids)) : "",
        curves,
        same,
        h("p", { class: "note" }, resolution(grid)));
      const attained = { of: "attainment", label: "attainment", stroke: "--accent" };
      unwatch.push(
        curve(curves, page, grid, { name: "tbt", label: "Against the TBT deadline", values: grid.tbt_us, lines: [attained, { of: "acceptance", label: "acceptance", stroke: "--second", dash: [6, 4] }] }),
        curve(curves, page, grid, { name: "ttft", label: "Against the TTFT deadline", values: grid.ttft_us, lines: [attained, { of: "fluidity", label: "fluidity-index", stroke: "--second", dash: [6, 4] }] }));
    });
  },
});
