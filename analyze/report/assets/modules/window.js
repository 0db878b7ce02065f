// The numbers of the brushed window, beside those of the whole run: sums of bins, or, where
// there is a server to ask, exact ones.
const { h, format, windows } = metron;

const percentiles = [["p50", 500], ["p90", 900], ["p99", 990]];

// fromResult are the numbers that analyze gives; estimate those of bins. Each is a text, or
// a text and what stands small under it.
const fromResult = (r) => {
  const spread = (key) => ({ mean: format.seconds(r.metrics[key].mean), ...Object.fromEntries(percentiles.map(([p]) => [p, format.seconds(r.metrics[key][p])])) });
  return {
    requests: format.count(r.requests.total), failed: share(r.requests.measured - r.requests.measured_ok, r.requests.measured),
    requestsPerS: format.number(r.throughput.requests_per_s), outputPerS: format.number(r.throughput.output_tokens_per_s), totalPerS: format.number(r.throughput.total_tokens_per_s),
    ttft: spread("ttft_s"), tbt: spread("tbt_s"), e2e: format.seconds(r.metrics.e2e_latency_s.mean),
    missed: missed(r.fluidity.service_missed, r.fluidity.service_total, r.settings),
  };
};

const estimate = (w, sums, settings) => {
  const linear = settings.percentile === "linear";
  const spread = (d) => {
    const out = { mean: format.seconds(d.mean) };
    for (const [p, permille] of percentiles) {
      const q = windows.quantile(w, d, permille, linear);
      out[p] = q === null ? "–" : [format.seconds(q.value), q.low < q.high && h("span", { class: "ci" }, between(q))];
    }
    return out;
  };
  return {
    requests: format.count(sums.requests), failed: share(sums.measured - sums.ok, sums.measured),
    requestsPerS: format.number(sums.requestsPerS), outputPerS: format.number(sums.outputPerS), totalPerS: format.number(sums.totalPerS),
    ttft: spread(sums.ttft), tbt: spread(sums.tbt), e2e: format.seconds(sums.e2eMean), missed: missed(sums.missed, sums.deadlines, settings),
  };
};

const share = (part, of) => of > 0 ? format.percent(part / of, part > 0 && part / of < 0.1 ? 2 : 1) : "–";

// missed names the deadlines, which a server may have been asked to change.
const missed = (part, of, s) => [share(part, of), h("span", { class: "ci" }, `${format.seconds(s.ttft_deadline_s ?? s.prefill_slack_s)}, ${format.seconds(s.tbt_deadline_s)}`)];

// between says a unit once.
const between = (q) => {
  const [low, high] = [format.seconds(q.low), format.seconds(q.high)];
  const unit = high.slice(high.indexOf(" "));
  return (low.endsWith(unit) ? low.slice(0, -unit.length) : low) + " to " + high;
};

const rows = [
  ["Requests started", (n) => n.requests], ["Not ok", (n) => n.failed],
  ["Requests/s", (n) => n.requestsPerS], ["Output tok/s", (n) => n.outputPerS], ["All tok/s", (n) => n.totalPerS],
  ...["ttft", "tbt"].flatMap((key) => ["mean", "p50", "p90", "p99"].map((p) => [key.toUpperCase() + " " + p, (n) => n[key][p]])),
  ["E2E mean", (n) => n.e2e], ["Deadlines missed", (n) => n.missed],
];

const tableOf = (whole, part, name) => metron.table("Numbers of the window and of the run", ["", ...(part ? [name] : []), "Run"],
  rows.map(([label, of]) => [label, ...(part ? [of(part)] : []), of(whole)]));

// question is what the server is asked. An end that is the run's is left to it.
const question = (page, run, window) => {
  const [i, j] = windows.range(run.windows, window), at = (k) => (run.windows.first + k) * run.windows.width_us;
  const q = {};
  if (i > 0) q.from_us = at(i);
  if (j < run.windows.requests.length) q.to_us = at(j);
  const place = page.question.get();
  if (place !== null && run.grid) {
    q.ttft_deadline_us = run.grid.ttft_us[place.ttft];
    q.tbt_deadline_us = run.grid.tbt_us[place.tbt];
  }
  return q;
};

// heldTo says which deadlines were asked about.
const heldTo = (s) => `held to ${s.ttft_deadline_s === null ? format.seconds(s.prefill_slack_s) + " beyond the time of their prompts" : format.seconds(s.ttft_deadline_s)} for the first token and ${format.seconds(s.tbt_deadline_s)} for each after it`;

const flags = (window) => `--from ${+window.from.toFixed(6)}s --to ${+window.to.toFixed(6)}s`;

// windowName says a window to a reader.
metron.windowName = (window) => `${format.seconds(window.from)} to ${format.seconds(window.to)}`;

// windowNumbers fills root with the numbers, now and whenever the window changes. The exact
// answer of a window, if there is a server, goes to page.exact, too.
metron.windowNumbers = (root, page, run) => {
  const whole = fromResult(run.result);
  const table = h("div"), note = h("p", { class: "note", "aria-live": "polite" });
  root.append(table, note);
  const explain = (...parts) => note.replaceChildren(...parts.flat().filter(Boolean));
  const bins = `bins of ${format.seconds(run.windows.width_us / 1e6)}`;

  let asking = null, timer = null, asked = "";
  const text = () => JSON.stringify(question(page, run, page.window.get()));
  const ask = (window, part) => {
    const mine = asking = new AbortController();
    const expected = part.requests, status = h("span", null, "asking the files …"), bar = h("progress", { max: 1, "aria-label": "Rows read" });
    explain("Estimated from ", bins, "; ", status, " ", bar);
    metron.askServer(question(page, run, window), {
      signal: mine.signal,
      progress: (n) => {
        status.textContent = `${format.count(n)} of ${format.count(expected)} requests read`;
        bar.value = Math.min(1, n / Math.max(1, expected));
      },
    }).then((answer) => {
      if (mine.signal.aborted) return;
      table.replaceChildren(tableOf(whole, fromResult(answer.result), metron.windowName(window)));
      table.dataset.exact = "true";
      explain("Exact, from the files: the requests that started in the window, ", heldTo(answer.result.settings), ".");
      page.exact.set(answer);
    }, (e) => {
      if (mine.signal.aborted) return;
      explain(h("strong", null, "Estimated, for the files did not answer: "), e.message, e.hint ? [". ", e.hint] : null);
    });
  };
  const update = () => {
    const window = page.window.get();
    asked = text();
    asking?.abort();
    clearTimeout(timer);
    delete table.dataset.exact;
    page.exact.set(null);
    if (window === null) {
      table.replaceChildren(tableOf(whole, null, ""));
      explain("Brush a window on a chart, or set its ends below: the numbers of the requests that started in it appear beside those of the run.");
      return;
    }
    const [i, j] = windows.range(run.windows, window), part = windows.of(run.windows, i, j);
    table.replaceChildren(tableOf(whole, estimate(run.windows, part, run.result.settings), metron.windowName(window)));
    explain(`Requests that started in the window, whose ends are those of ${bins}. Counts, means and rates are exact. A percentile is the middle of a bucket, at most ${format.percent(run.windows.relative_error)} off; the exact one lies between the bounds under it. `,
      page.live ? null : ["For exact ones: ", h("code", null, "metron view"), ", or ", h("code", null, "metron analyze"), " with ", h("code", null, flags(window)), "."]);
    if (page.live && part.requests > 0) timer = setTimeout(ask, 300, window, part);
  };
  const stops = [page.window.watch(update), page.question.watch(() => page.live && text() !== asked && update())];
  return () => {
    stops.forEach((stop) => stop());
    asking?.abort();
    clearTimeout(timer);
  };
};
