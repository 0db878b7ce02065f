// Numbers as internal/term prints them; null and undefined as a dash.
const defined = (f) => (v) => v === null || v === undefined ? "–" : f(v);

// sig3 has three significant digits, never an exponent.
const sig3 = (v) => {
  const a = Math.abs(v);
  if (a >= 99.95) return v.toFixed(0);
  if (a >= 9.995) return v.toFixed(1);
  if (a >= 0.9995) return v.toFixed(2);
  return String(Number(v.toPrecision(3)));
};

const pad = (n) => String(Math.trunc(n)).padStart(2, "0");

const seconds = (s) => {
  const a = Math.abs(s);
  if (a === 0) return "0";
  if (a < 0.9995e-3) return sig3(s * 1e6) + " µs";
  if (a < 0.9995) return sig3(s * 1e3) + " ms";
  if (a < 120) return sig3(s) + " s";
  if (a < 7200) return `${Math.trunc(s / 60)} m ${pad(a % 60)} s`;
  return `${Math.trunc(s / 3600)} h ${pad(a % 3600 / 60)} m`;
};

const count = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const number = (v) => Math.abs(v) >= 999.5 ? count(Math.round(v)) : v === Math.trunc(v) ? String(v) : sig3(v);
const percent = (v, digits = 1) => (v * 100).toFixed(digits) + " %";
const share = (v) => v.toFixed(3);

const byUnit = { s: seconds, share, tokens: number, "tokens/s": number };

metron.format = {
  seconds: defined(seconds),
  count: defined(count),
  number: defined(number),
  percent: (v, digits) => defined((x) => percent(x, digits))(v),
  share: defined(share),
  // value prints a number of a unit of the document.
  value: (v, unit) => defined(byUnit[unit] ?? ((x) => number(x) + " " + unit))(v),
  // interval prints both ends of a confidence interval, as far as they are known.
  interval: (i, unit) => {
    if (!i || (i[0] ?? i.low ?? null) === null && (i[1] ?? i.high ?? null) === null) return "";
    return metron.format.value(i[0] ?? i.low, unit) + " to " + metron.format.value(i[1] ?? i.high, unit);
  },
  // percentile names 990 permille p99.
  percentile: (permille) => "p" + permille / 10,
};
