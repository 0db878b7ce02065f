// markdown shows the little of it that definitions use: paragraphs, lists, tables, code
// blocks, `code`, **bold**, and links by their text, since what they name stands in the docs.
const { h } = metron;

const inline = (text) => text
  .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
  .split(/(`[^`]+`|\*\*[^*]+\*\*|(?<![\w*])\*[^*\s][^*]*\*)/)
  .filter((part) => part !== "")
  .map((part) => {
    if (part.startsWith("`") && part.length > 1) return h("code", null, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return h("strong", null, inline(part.slice(2, -2)));
    if (part.startsWith("*") && part.endsWith("*") && part.length > 2) return h("em", null, part.slice(1, -1));
    return part;
  });

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((c) => c.trim());

const tableOf = (lines) => {
  const [head, , ...rows] = lines.map(cells);
  return h("div", { class: "scroll" }, h("table", null,
    h("thead", null, h("tr", null, head.map((c) => h("th", { scope: "col" }, inline(c))))),
    h("tbody", null, rows.map((row) => h("tr", null, row.map((c) => h("td", null, inline(c))))))));
};

// block makes one element of lines that stand together.
const block = (lines) => {
  if (lines[0].startsWith("```") || lines.every((l) => l.startsWith("    "))) {
    return h("pre", null, lines.filter((l) => !l.startsWith("```")).map((l) => l.replace(/^ {4}/, "")).join("\n"));
  }
  if (lines[0].startsWith("|") && lines.length > 2) return tableOf(lines);
  if (/^[-*] /.test(lines[0])) {
    const items = [];
    for (const l of lines) {
      if (/^[-*] /.test(l)) items.push(l.slice(2));
      else items[items.length - 1] += " " + l.trim();
    }
    return h("ul", null, items.map((i) => h("li", null, inline(i))));
  }
  return h("p", null, inline(lines.join(" ")));
};

metron.markdown = (text) => {
  const out = h("div", { class: "prose" });
  let lines = [], fenced = false;
  const end = () => {
    if (lines.length > 0) out.append(block(lines));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const fence = line.startsWith("```"), row = line.startsWith("|");
    if (fence && !fenced || !fenced && lines.length > 0 && row !== lines[0].startsWith("|")) end();
    if (!fenced && line.trim() === "") end();
    else lines.push(line);
    if (fence) {
      fenced = !fenced;
      if (!fenced) end();
    }
  }
  end();
  return out;
};
