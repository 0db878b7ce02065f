// What was asked, and the command that asks it again.
const { h, format } = metron;

const command = (text) => h("div", { class: "command" }, h("pre", null, h("code", null, text)), metron.copyButton(text));

metron.module({
  id: "settings",
  title: "Settings",
  wants: (doc) => doc.runs.length > 0,
  render(root, page) {
    page.run.watch((run) => {
      const rows = Object.entries(run.result.settings).filter(([, v]) => v !== null && v !== "").map(([key, v]) => {
        const time = key.endsWith("_s");
        return [time ? key.slice(0, -2).replaceAll("_", " ") : key.replaceAll("_", " "), time ? format.seconds(v) : Array.isArray(v) ? v.join(", ") : String(v)];
      });
      const files = run.result.files.map((f) => h("li", null, h("code", null, f.path), f.vantage ? " (" + f.vantage + ")" : ""));
      const perfetto = ["metron trace export perfetto", ...run.result.files.map((f) => metron.shellWord(f.path)), "--out timeline.json"].join(" ");
      root.replaceChildren(
        h("p", null, "This command makes the page again:"), command(page.doc.command),
        h("p", null, "This one draws every request on a lane of its own, to be opened at ", h("a", { href: "https://ui.perfetto.dev" }, "ui.perfetto.dev"), ":"), command(perfetto),
        h("div", { class: "columns" },
          h("div", null, h("h3", null, "Asked"), metron.table("Settings", ["", ""], rows, [])),
          h("div", null, h("h3", null, "Files"), h("ul", { class: "files" }, files),
            h("h3", null, "Keys"), h("p", { class: "note" }, h("kbd", null, "j"), " ", h("kbd", null, "k"), " next and previous part, ", h("kbd", null, "t"), " theme; sliders take the arrow keys."))));
    });
  },
});
