// The page: what is shown is decided by the modules.
const { h, store, verdict } = metron;

const doc = JSON.parse(document.getElementById("document").textContent);
const first = doc.runs[0];

const page = metron.page = {
  doc,
  run: store(first),            // the run that is looked at
  question: store(first?.grid?.asked ?? null), // a place in its grid
  window: store(null),          // { from, to } in seconds, as brushed; null: the whole run
  exact: store(null),           // what the server answered about that window; null: nothing yet, or there is no server
  live: doc.live === true,
};

// status is the worst verdict of a run's files; "" where nobody judged one.
page.status = (run) => {
  const all = (run.result?.files ?? []).map((f) => f.verdict?.status).filter(Boolean);
  return ["INVALID", "SUSPECT", "VALID"].find((s) => all.includes(s)) ?? "";
};

const themes = ["auto", "light", "dark"];
const themeButton = () => {
  const button = h("button", { type: "button", class: "quiet", title: "Theme (key: t)" });
  let at = 0;
  const show = () => {
    if (themes[at] === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = themes[at];
    button.textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[themes[at]];
    metron.redraw();
  };
  metron.nextTheme = () => { at = (at + 1) % themes.length; show(); };
  button.addEventListener("click", metron.nextTheme);
  show();
  return button;
};

const shown = metron.modules.filter((m) => m.wants(doc));

const runPicker = () => {
  if (doc.runs.length < 2) return null;
  const select = h("select", { "aria-label": "Run" }, doc.runs.map((r, i) => h("option", { value: i }, (i === 0 && doc.comparison ? "base: " : "") + r.name)));
  select.addEventListener("change", () => {
    page.window.set(null);
    page.run.set(doc.runs[select.value]);
  });
  return select;
};

const nav = h("nav", { "aria-label": "Parts of the page" }, shown.map((m) => h("a", { href: "#" + m.id }, m.short ?? m.title)));
document.getElementById("bar").append(h("div", { class: "brand" }, "metron"), runPicker() ?? h("div", { class: "run-name" }, first?.name ?? ""), nav, themeButton());

const main = document.getElementById("main");
main.replaceChildren();
for (const m of shown) {
  const root = h("div");
  main.append(h("section", { id: m.id, "aria-labelledby": m.id + "-title" }, h("h2", { id: m.id + "-title", tabindex: -1 }, m.title), root));
  m.render(root, page);
}

// Keys: t changes the theme, j and k go from part to part.
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  if (e.key === "t") metron.nextTheme();
  const step = { j: 1, k: -1 }[e.key];
  if (!step) return;
  const tops = shown.map((m) => document.getElementById(m.id));
  const line = document.getElementById("bar").offsetHeight + 24;
  let at = tops.findLastIndex((s) => s.getBoundingClientRect().top <= line);
  at = Math.max(0, Math.min(tops.length - 1, at + step));
  tops[at].scrollIntoView();
  tops[at].querySelector("h2").focus({ preventScroll: true });
});

// The part that is read is marked in the navigation.
const links = new Map(shown.map((m, i) => [m.id, nav.children[i]]));
const seen = new IntersectionObserver((entries) => {
  for (const e of entries) if (e.isIntersecting) {
    for (const a of links.values()) a.removeAttribute("aria-current");
    links.get(e.target.id).setAttribute("aria-current", "true");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
for (const m of shown) seen.observe(document.getElementById(m.id));

metron.ready = performance.now(); // ms after the page began to load
