// One request: when its tokens came, and who was prefilled meanwhile.
const { h, format, color } = metron;
const us = 1e-6;

// tokensOf gives the steps of the tokens: seconds after the send, and how many had come.
const tokensOf = (r) => {
  const x = [0], y = [0];
  let at = 0, came = 0;
  for (let i = 0; i < r.tokens.length; i += 2) {
    at += r.tokens[i];
    came += r.tokens[i + 1];
    x.push(at * us);
    y.push(came);
  }
  return { x, y };
};

// wantedBy is how many tokens a reader of a pace wants by a moment, who begins at the first
// deadline.
const wantedBy = (first, tbt, total) => (x) => Math.min(total, 1 + (x - first) / tbt);

const fact = (label, value) => h("div", { class: "fact" }, h("dt", null, label), h("dd", null, value));

const facts = (r) => h("dl", { class: "facts" },
  fact("started at", format.seconds(r.start_us * us)), fact("TTFT", format.seconds(r.ttft_us * us)),
  fact("longest gap", r.longest_gap_us === null ? "–" : format.seconds(r.longest_gap_us * us)), fact("E2E", format.seconds(r.e2e_us * us)),
  fact("fluidity-index", format.share(r.fluidity_index)),
  fact("input", format.count(r.input_tokens) + (r.cached_input_tokens ? `, ${format.count(r.cached_input_tokens)} cached` : "")), fact("output", format.count(r.output_tokens)));

// lanesOf puts prefills that leave room for each other, and for what is written beside them,
// into one lane; room is in seconds. It gives the lane of each, and how many there are.
const lanesOf = (prefills, room) => {
  const ends = [], lane = new Map();
  for (const p of [...prefills].sort((a, b) => a.sent_us - b.sent_us)) {
    let k = ends.findIndex((end) => end <= p.sent_us * us);
    if (k < 0) k = ends.length;
    ends[k] = p.first_us * us + room;
    lane.set(p, k);
  }
  return { lane, count: ends.length };
};

// bars draws the prefills on the time axis of the tokens.
const bars = (r, lanes) => (u) => {
  const { ctx } = u, ratio = devicePixelRatio;
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  ctx.font = `${Math.round(rem * 0.7 * ratio)}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  const lane = u.bbox.height / lanes.count;
  r.prefills.forEach((p) => {
    const left = u.valToPos(p.sent_us * us, "x", true), right = u.valToPos(p.first_us * us, "x", true);
    const top = u.bbox.top + lane * lanes.lane.get(p);
    ctx.fillStyle = color("--second");
    ctx.fillRect(left, top + lane * 0.2, Math.max(right - left, ratio), lane * 0.6);
    const text = p.input_tokens === null ? "?" : format.count(p.input_tokens), wide = ctx.measureText(text).width, gap = 5 * ratio;
    const end = Math.min(right, u.bbox.left + u.bbox.width);
    ctx.fillStyle = color("--muted");
    if (end + gap + wide < u.bbox.left + u.bbox.width) ctx.fillText(text, end + gap, top + lane / 2);
    else ctx.fillText(text, Math.max(u.bbox.left + gap, left - gap - wide), top + lane / 2);
  });
  ctx.restore();
};

const prefills = (root, r, xRange) => {
  const named = r.prefills.length;
  root.append(h("div", { class: "chart-head" }, h("strong", null, "Prefilled meanwhile"), h("span", { class: "note" },
    named === 0 ? "nobody else waited for a first token" : `${format.count(r.prefills_total)} requests waited for their first token while this one was answered${named < r.prefills_total ? `; the ${named} longest prompts of them` : ""}: input tokens beside each`)));
  if (named === 0) return;
  const lanes = lanesOf(r.prefills, (xRange[1] - xRange[0]) * Math.min(0.25, 60 / Math.max(1, root.clientWidth)));
  metron.chart(root, {
    label: "Prefills of other requests while this one was answered",
    height: 2.8 + 1.15 * lanes.count,
    padding: [4, 12, 0, 0],
    data: [xRange, [null, null]],
    scales: { x: { time: false, range: xRange }, y: { range: [0, 1] } },
    axes: [metron.axis.seconds(), { values: () => [], grid: { show: false }, ticks: { show: false } }],
    series: [{}, { stroke: "--second" }],
    cursor: { sync: { key: "request" }, drag: { x: false, y: false }, y: false },
    hooks: { draw: [bars(r, lanes)] },
  });
  root.append(h("details", null, h("summary", null, "As a table"), metron.table("Prefills meanwhile", ["record_id begins with", "sent", "first token", "input tokens"],
    r.prefills.map((p) => [h("code", null, p.record_id), format.seconds(p.sent_us * us), format.seconds(p.first_us * us), format.count(p.input_tokens)]))));
};

// requestView shows a request of the tail in root.
metron.requestView = (root, settings, r) => {
  const { x, y } = tokensOf(r), tbt = settings.tbt_deadline_s, total = y.at(-1), xRange = [0, x.at(-1) * 1.02];
  // What a reader wants is a line with two corners.
  const known = r.ttft_deadline_us !== null, first = r.ttft_deadline_us * us, wanted = wantedBy(first, tbt, total);
  const corners = known ? [first, first + (total - 1) * tbt, xRange[1]].filter((c) => c >= first && c <= xRange[1]) : [];
  const xs = [...new Set([...x, ...corners, xRange[1]])].sort((a, b) => a - b);
  let k = 0;
  const ys = xs.map((at) => {
    while (k + 1 < x.length && x[k + 1] <= at) k++;
    return y[k];
  });
  const drawn = r.tokens.length / 2;
  root.replaceChildren(
    h("h3", { tabindex: -1 }, "Request ", h("code", null, r.record_id)), facts(r),
    h("div", { class: "chart-head" }, h("strong", null, "Tokens received"),
      h("span", { class: "legend" }, h("span", { class: "stroke", "data-color": "--accent" }), "came"),
      known && h("span", { class: "legend" }, h("span", { class: "stroke dashed", "data-color": "--muted" }), `wanted: the first after ${format.seconds(r.ttft_deadline_us * us)}, one each ${format.seconds(tbt)}`),
      drawn < r.chunks && h("span", { class: "note" }, `${format.count(drawn)} of ${format.count(r.chunks)} chunks drawn, the longest gaps among them`)));
  metron.chart(root, {
    label: "Tokens received over time",
    height: 13,
    padding: [6, 12, 0, 0],
    data: [xs, ys, xs.map((at) => corners.includes(at) ? wanted(at) : null)],
    scales: { x: { time: false, range: xRange }, y: { range: [0, total * 1.05] } },
    axes: [metron.axis.seconds(), metron.axis.number()],
    series: [{}, { stroke: "--accent", width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }, { stroke: "--muted", width: 1, dash: [5, 4], spanGaps: true, points: { show: false } }],
    cursor: { sync: { key: "request" }, drag: { x: false, y: false }, y: false },
  });
  prefills(root, r, xRange);
};
