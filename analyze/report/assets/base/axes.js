// Axes of the linked charts.
const { format } = metron;

// clock is the time since the run began, with ticks at round minutes and hours.
metron.axis.clock = (extra) => ({
  space: 64,
  incrs: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000, 7776000, 31104000],
  values: (_, ticks) => ticks.map((s) => {
    if (s < 120 || s % 60 !== 0) return format.seconds(s);
    return s % 3600 === 0 ? `${s / 3600} h` : s < 7200 ? `${s / 60} m` : format.seconds(s);
  }),
  ...extra,
});

// logScale is a scale by magnitude with room at both ends, and logAxis labels as much of it
// as has room.
metron.logScale = {
  distr: 3,
  range: (_, low, high) => low === null ? [1e-3, 1] : [Math.max(low, 1e-6) / 1.2, Math.max(high, 1e-6) * 1.2],
};
metron.logAxis = (axis) => {
  const some = (u, ticks) => {
    const { min, max } = u.scales.y, decades = Math.log10(max / min);
    const digits = decades < 0.6 ? "123456789" : decades < 1.2 ? "1235" : decades < 2.2 ? "13" : "1";
    return ticks.map((v) => {
      const [digit, rest] = v === null ? ["", ""] : v.toExponential(3).split(/[.e]/);
      return rest === "000" && digits.includes(digit) ? v : null;
    });
  };
  return { ...axis, space: 8, filter: some, grid: { filter: some }, ticks: { filter: some } };
};
