// How each number is defined: what the documentation says of it.
const { h } = metron;

metron.module({
  id: "definitions",
  title: "How each number is defined",
  short: "Definitions",
  wants: (doc) => doc.runs.length > 0 && Object.keys(doc.definitions).length > 0,
  render(root, page) {
    const { doc } = page;
    const one = (key, label) => doc.definitions[key] && h("details", null, h("summary", null, label, " ", h("code", null, key)), metron.markdown(doc.definitions[key]));
    const { result, metrics, sections } = doc.runs[0];
    const of = (name, object) => [h("h3", null, name), Object.keys(object).map((key) => one(key, "")).filter(Boolean)];
    root.append(
      h("p", { class: "note" }, "The words are those of the documentation of this version, docs/metrics.md, which has the formulas' sources and worked examples."),
      h("div", { class: "definitions" },
        h("h3", null, "Metrics"), metrics.map((m) => one(m.key, m.label)),
        of("Throughput", result.throughput), of("Deadlines", result.fluidity), of("Playback", result.playback),
        sections.length > 0 && [h("h3", null, "Further analyses"), sections.map((s) => one(s.name, ""))]));
  },
});
