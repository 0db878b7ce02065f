// chart draws with uPlot in the colours of the theme, as wide as its place is, and again when
// either changes.
//
//   const c = metron.chart(root, { label, height, data: [xs, ys...], axes, series, scales, ... })
//   c.setData([xs, ys...]); c.plot is the uPlot of the moment
//
// options are uPlot's. A colour may be the name of a variable of style.css ("--accent").
const { h, format } = metron;

const color = (name) => name.startsWith("--") ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : name;

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
  new ResizeObserver(([entry]) => {
    const next = Math.floor(entry.contentRect.width);
    if (next === width) return;
    const first = c.plot === null;
    width = next;
    if (first) c.draw();
    else c.plot?.setSize({ width, height: c.plot.height });
  }).observe(place);
  live.add(c);
  return c;
};

// redraw is for a change of theme or of the size of letters.
metron.redraw = () => { for (const c of live) c.draw(); };

// Axes that most charts have: time in seconds, a share as percent, a plain number.
metron.axis = {
  seconds: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : format.seconds(v)), ...extra }),
  percent: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : Math.round(v * 1000) / 10 + " %"), ...extra }),
  number: (extra) => ({ values: (_, ticks) => ticks.map((v) => v === null ? "" : format.number(v)), ...extra }),
};
