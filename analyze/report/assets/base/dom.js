// h makes an element. Children and attributes are text whatever they hold: names of files
// and models come from outside, and no way leads from here to markup.
metron.h = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "href" && !/^(#|https?:\/\/)/.test(value)) continue;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
};

const { h } = metron;

// color is that of a variable of style.css ("--accent") in the theme of the moment.
metron.color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// shellWord makes one word of a POSIX shell.
metron.shellWord = (text) => /^[\w./:=,@%+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";

// table makes a table whose first column is names and whose others are numbers, unless
// texts has their index. A row is an array of texts or nodes.
metron.table = (caption, head, rows, texts = []) => {
  const cell = (tag) => (content, i) => h(tag, {
    class: i === 0 || texts.includes(i) ? null : "number", scope: tag === "th" ? "col" : null,
  }, content);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", null, h("caption", { class: "hidden" }, caption),
      h("thead", null, h("tr", null, head.map(cell("th")))),
      h("tbody", null, rows.map((row) => row instanceof Node ? row : h("tr", null, row.map((content, i) =>
        i === 0 ? h("th", { scope: "row" }, content) : cell("td")(content, i)))))));
};

// define makes a name whose definition is a click away, where the document has one.
metron.define = (doc, key, label) => {
  const text = doc.definitions[key];
  if (!text) return document.createTextNode(label);
  return h("details", { class: "define" }, h("summary", null, label), metron.markdown(text));
};

// verdict shows the standing of a run by colour, by a sign and by its word.
metron.verdict = (status) => {
  const sign = { VALID: "✓", SUSPECT: "!", INVALID: "✕", PASS: "✓", FAIL: "✕" }[status] ?? "·";
  return h("span", { class: "verdict " + status.toLowerCase() }, h("span", { "aria-hidden": "true" }, sign), status);
};

// copyButton copies a text, and says so.
metron.copyButton = (text) => {
  const button = h("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", async () => {
    let ok = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a file may not use the clipboard everywhere: take the old way
      const area = h("textarea", { class: "hidden", readonly: true }, text);
      document.body.append(area);
      area.select();
      ok = document.execCommand("copy");
      area.remove();
    }
    button.textContent = ok ? "Copied" : "Press Ctrl-C";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
};
