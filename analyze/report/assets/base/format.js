// Numbers as internal/term prints them; null and undefined as a dash.
const defined = (f) => (v) => v === null || v === undefined ? "–" : f(v);

// fixed has so many decimals. What lies in the middle goes to the even digit, as in Go;
// toFixed rounds it up. A product is exact where v is a middle, which has few bits.
const fixed = (v, digits) => {
  const n = v * 10 ** digits;
  const middle = Number.isInteger(v * 2 ** (digits + 1)) && !Number.isInteger(n) && Number.isInteger(2 * n);
  return (middle ? 2 * Math.round(n / 2) / 10 ** digits : v).toFixed(digits);
};

// sig3 has three significant digits, never an exponent.
const sig3 = (v) => {
  const a = Math.abs(v);
  if (a >= 99.95) return fixed(v, 0);
  if (a >= 9.995) return fixed(v, 1);
  if (a >= 0.9995) return fixed(v, 2);
  const leading = Number(a.toExponential().split("e")[1]); // -1 where v is 0.1 and more
  return fixed(v, Math.min(100, 2 - leading)).replace(/\.?0+$/, "");
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
const number = (v) => Math.abs(v) >= 999.5 ? count(Math.sign(v) * Math.round(Math.abs(v))) : v === Math.trunc(v) ? String(v) : sig3(v);
const percent = (v, digits = 1) => fixed(v * 100, digits) + " %";
const share = (v) => fixed(v, 3);

const byUnit = { s: seconds, share, percent, tokens: number, "tokens/s": (v) => number(v) + " tok/s" };

metron.format = {
  fixed,
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
    const low = metron.format.value(i[0] ?? i.low, unit), high = metron.format.value(i[1] ?? i.high, unit);
    const [number, name, more] = low.split(" ");
    const alike = name && !more && high.endsWith(" " + name) && high.split(" ").length === 2; // 37.4 to 46.1 ms
    return (alike ? number : low) + " to " + high;
  },
  // percentile names 990 permille p99.
  percentile: (permille) => "p" + permille / 10,
};
