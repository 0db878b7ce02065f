// The further analyses of the result, as the terminal prints them, each with its definition.
const { h } = metron;

const title = (name) => name.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());

metron.module({
  id: "analyses",
  title: "Analyses",
  wants: (doc) => doc.runs.some((r) => r.sections.length > 0),
  render(root, page) {
    page.run.watch((run) => {
      root.replaceChildren(...run.sections.map((s) => h("div", { class: "analysis" },
        h("h3", null, metron.define(page.doc, s.name, title(s.name))),
        s.lines.length === 1 ? h("p", null, s.lines[0]) : h("pre", { tabindex: 0 }, s.lines.join("\n")))));
    });
  },
});
