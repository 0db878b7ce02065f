// chart draws with uPlot in the colours of the theme, as wide as its place is, and again when
// either changes.
//
//   const c = metron.chart(root, { label, height, data: [xs, ys...], axes, series, scales, ... })
//   c.setData([xs, ys...]); c.plot is the uPlot of the moment
//
// options are uPlot's. A colour may be the name of a variable of style.css ("--accent").
const { h, format } = metron;

const color = (name) => name.startsWith("--") ? metron.color(name) : name;

const themed = (options, width) => {
  const ink = color("--muted"), line = color("--line");
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${Math.round(rem * 0.75)}px system-ui, sans-serif`;
  const paint = (c) => typeof c === "string" ? color(c) : c;
  return {
    ...options,
    width,
    height: Math.round((options.height ?? 14) * rem),
    legend: options.legend ?? { show: false },
    axes: (options.axes ?? [{}, {}]).map((axis, i) => ({
      stroke: ink, font, labelFont: font, size: Math.round(rem * (i === 0 ? 2.2 : 3.8)), labelSize: Math.round(rem * 1.2),
      ...axis,
      grid: { stroke: line, width: 1, ...axis.grid },
      ticks: { stroke: line, width: 1, size: 4, ...axis.ticks },
    })),
    series: options.series.map((s) => ({ ...s, stroke: paint(s.stroke), fill: paint(s.fill) })),
  };
};

const live = new Set();

// sweep lets go of those that were drawn and taken off the page.
const sweep = () => {
  for (const c of live) if (c.plot !== null && !c.plot.root.isConnected) {
    c.plot.destroy();
    live.delete(c);
  }
};

metron.chart = (root, options) => {
  let data = options.data, width = 0;
  const place = h("div", { class: "chart", role: "img", "aria-label": options.label });
  root.append(place);
  const c = {
    plot: null,
    setData(next) {
      data = next;
      c.plot?.setData(data);
    },
    draw() {
      if (width < 40) return;
      c.plot?.destroy();
      const { data: _, label: __, ...rest } = options;
      c.plot = new uPlot(themed(rest, width), data, place);
    },
  };
  // Sizes are set in the next frame: set at once, they would resize what is being observed.
  new ResizeObserver(([entry]) => requestAnimationFrame(() => {
    const next = Math.floor(entry.contentRect.width);
    if (next === width) return;
    width = next;
    if (c.plot === null) c.draw();
    else c.plot.setSize({ width, height: c.plot.height });
  })).observe(place);
  sweep();
  live.add(c);
  return c;
};

// redraw is for a change of theme or of the size of letters.
metron.redraw = () => {
  sweep();
  for (const c of live) c.draw();
};

// shortly is a time without the zeros that a tick does not need: 10 ms.
const shortly = (v) => format.seconds(v).replace(/(\.\d*?)0+ /, "$1 ").replace(". ", " ");

// round keeps those ticks of a logarithmic axis that begin with 1, 2 or 5; where there is no
// room, with 1.
const round = (u, ticks) => {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const known = ticks.filter((v) => v !== null && v > 0);
  const across = Math.log10(known[known.length - 1] / known[0]) * 3; // of 1, 2 and 5
  const digits = across * rem * 3.6 > u.bbox.width / devicePixelRatio ? /^10*$/ : /^[125]0*$/;
  return ticks.map((v) => v !== null && digits.test(String(Math.round(v * 1e6))) ? v : null);
};

// Axes that most charts have: time in seconds, linear and logarithmic, a share as percent, a
// plain number.
metron.axis = {
  seconds: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : shortly(v)), ...extra }),
  logSeconds: (extra) => ({ ...metron.axis.seconds(), space: 1, filter: round, grid: { filter: round }, ticks: { filter: round }, ...extra }),
  percent: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : Math.round(v * 1000) / 10 + " %"), ...extra }),
  number: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : format.number(v)), ...extra }),
};
