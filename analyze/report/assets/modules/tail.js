// The tail: the worst requests by a measure, as points over time and as a table; either
// opens a request.
const { h, format } = metron;
const us = 1e-6;

const measures = {
  ttft: { name: "TTFT", said: "TTFT", value: (r) => r.ttft_us * us, text: format.seconds, axis: () => metron.axis.seconds(), log: true },
  longest_gap: { name: "Longest gap", said: "longest gap", value: (r) => r.longest_gap_us === null ? null : r.longest_gap_us * us, text: format.seconds, axis: () => metron.axis.seconds(), log: true },
  fluidity: { name: "Fluidity", said: "fluidity-index", value: (r) => r.fluidity_index, text: format.share, axis: () => metron.axis.number(), log: false },
  e2e: { name: "E2E", said: "E2E latency", value: (r) => r.e2e_us * us, text: format.seconds, axis: () => metron.axis.seconds(), log: true },
};

// inWindow are a measure's worst that started in the window, the worst first.
const inWindow = (tail, by, window) => by.worst.map((i) => tail.requests[i])
  .filter((r) => window === null || r.start_us * us >= window.from - 1e-9 && r.start_us * us < window.to - 1e-9);

// around is a range with room at both ends.
const around = (_, low, high) => {
  if (low === null) return [0, 1];
  const room = (high - low) * 0.1 || 0.05;
  return [Math.max(0, low - room), high + room];
};

const ground = () => metron.color("--ground");

const scatter = (root, requests, m, run, open, opened) => {
  const points = requests.filter((r) => m.value(r) !== null).sort((a, b) => a.start_us - b.start_us);
  const w = run.windows, xs = points.map((r) => r.start_us * us), ys = points.map(m.value);
  const range = w ? [metron.windows.edge(w, 0), metron.windows.edge(w, w.requests.length)] : [Math.min(...xs), Math.max(...xs) + 1e-3];
  const log = m.log && Math.max(...ys) > 3 * Math.min(...ys);
  const nearest = (u, e) => {
    const box = u.over.getBoundingClientRect();
    let best = null, distance = 24 ** 2;
    points.forEach((r, i) => {
      const d = (u.valToPos(xs[i], "x") - (e.clientX - box.left)) ** 2 + (u.valToPos(ys[i], "y") - (e.clientY - box.top)) ** 2;
      if (d < distance) [best, distance] = [r, d];
    });
    return best;
  };
  const chart = metron.chart(root, {
    label: `The worst requests by ${m.said} over time`,
    height: 15,
    data: [xs, ys, xs.map(() => null)],
    scales: { x: { time: false, range }, y: log ? metron.logScale : { range: around } },
    padding: [6, 12, 0, 0],
    axes: [metron.axis.clock(), log ? metron.logAxis(m.axis()) : { ...m.axis(), space: 28 }],
    series: [{}, { stroke: "--accent", fill: "--accent-soft", paths: () => null, points: { show: true, size: 9, width: 1.5, fill: ground } },
      { stroke: "--second", paths: () => null, points: { show: true, size: 13, width: 3, fill: ground } }],
    cursor: { drag: { x: false, y: false }, x: false, y: false, points: { show: false } },
    hooks: {
      ready: [(u) => {
        u.over.addEventListener("pointerup", (e) => { // uPlot keeps a click to itself where the hand moved a little
          const r = nearest(u, e);
          if (r) open(r);
        });
        u.over.addEventListener("pointermove", (e) => u.over.classList.toggle("hit", nearest(u, e) !== null));
      }],
    },
  });
  opened.push((r) => chart.setData([xs, ys, points.map((p, i) => p.record_id === r?.record_id ? ys[i] : null)]));
};

const list = (requests, key, open, opened) => {
  const m = measures[key], others = Object.keys(measures).filter((k) => k !== key).map((k) => measures[k]);
  const rows = requests.map((r, rank) => {
    const button = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => open(r) }, m.text(m.value(r)));
    opened.push((now) => button.setAttribute("aria-pressed", String(now?.record_id === r.record_id)));
    return [String(rank + 1), button, format.seconds(r.start_us * us), format.count(r.input_tokens), format.count(r.output_tokens), ...others.map((o) => o.text(o.value(r)))];
  });
  return metron.table(`The worst requests by ${m.said}`, ["", m.name, "at", "in", "out", ...others.map((o) => o.name)], rows);
};

metron.module({
  id: "tail",
  title: "The tail",
  wants: (doc) => doc.runs.some((r) => r.tail?.requests.length > 0),
  render(root, page) {
    let key = "ttft", shown = null, opened = [];
    const buttons = h("div", { class: "choices", role: "group", "aria-label": "Worst by" });
    const note = h("p", { class: "note" }), place = h("div", { class: "tail" }), view = h("div", { class: "request" });
    root.append(buttons, note, place, view);

    const open = (r, focus = true) => {
      shown = r;
      opened.forEach((f) => f(r));
      if (r === null) {
        view.replaceChildren();
        return;
      }
      metron.requestView(view, (page.exact.get() ?? page.run.get()).result.settings, r);
      if (focus) view.querySelector("h3").focus({ preventScroll: false });
    };
    const draw = () => {
      const run = page.run.get(), window = page.window.get(), exact = page.exact.get();
      const tail = exact?.tail ?? run.tail;
      place.replaceChildren();
      opened = [];
      if (!tail) return;
      const m = measures[key], by = tail.by.find((b) => b.key === key), requests = inWindow(tail, by, window);
      buttons.replaceChildren(...tail.by.filter((b) => measures[b.key]).map((b) => h("button", {
        type: "button", "aria-pressed": String(b.key === key), onclick: () => { key = b.key; draw(); },
      }, measures[b.key].name)));
      note.textContent = window === null ? `The ${by.worst.length} worst requests by ${m.said}. Open one to see its tokens and who was prefilled meanwhile.`
        : exact ? `The ${requests.length} worst by ${m.said} of those that started in the window ${metron.windowName(window)}.`
          : `Of the run's ${by.worst.length} worst by ${m.said}, ${requests.length} started in the window ${metron.windowName(window)}; the worst of the window itself are in metron view.`;
      if (requests.length > 0) {
        const left = h("div"), right = h("div", { class: "worst" }, list(requests, key, open, opened));
        place.append(left, right);
        scatter(left, requests, m, run, open, opened);
      }
      opened.forEach((f) => f(shown));
    };
    let due = 0;
    const soon = () => { due ||= requestAnimationFrame(() => { due = 0; draw(); }); };
    page.run.watch(() => {
      open(null);
      draw();
    });
    page.window.watch(soon); // at most once a frame, while a window is drawn
    page.exact.watch(soon);
  },
});
