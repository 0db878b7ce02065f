// windows adds bins of time up: what a window of the run says is a sum of its bins, as
// package analyze/linked counts them. A window is [i, j), indices of bins.
const us = 1e-6;

// bounds are the smallest and the largest value of a bucket.
const bounds = (bits, bucket) => {
  const shift = Math.max(0, (bucket >> bits) - 1);
  const low = (bucket - (shift << bits)) * 2 ** shift;
  return [low, low + 2 ** shift - 1];
};

// tally adds up the buckets of some bins: [first, n, n, -empty, n...] each.
const tally = (bits, lists, i, j) => {
  const n = new Float64Array(64 << bits);
  let count = 0;
  for (const list of lists.slice(i, j)) {
    let bucket = list[0];
    for (let k = 1; k < list.length; k++) {
      const times = list[k];
      if (times < 0) {
        bucket -= times;
        continue;
      }
      n[bucket] += times;
      count += times;
      bucket++;
    }
  }
  return { n, count };
};

const sum = (list, i, j) => {
  let total = 0;
  for (let k = i; k < j; k++) total += list[k];
  return total;
};

const extreme = (list, i, j, better) => list.slice(i, j).reduce((best, v) => v !== null && (best === null || better(v, best)) ? v : best, null);

metron.windows = {
  // edge is when bin i begins, in seconds after the first request; bin is which one holds a moment.
  edge: (w, i) => (w.first + i) * w.width_us * us,
  bin: (w, seconds) => Math.max(0, Math.min(w.requests.length - 1, Math.floor(seconds / us / w.width_us + 1e-6) - w.first)),
  // range is a window of seconds as indices of bins; all of them where there is none.
  range: (w, window) => window === null ? [0, w.requests.length]
    : [window.from, window.to].map((s) => Math.max(0, Math.min(w.requests.length, Math.round(s / us / w.width_us) - w.first))),

  // of is what is known of the requests that started in a window. Times are in seconds.
  of: (w, i, j) => {
    const add = (list) => sum(list, i, j);
    const first = extreme(w.first_send_us, i, j, (a, b) => a < b), last = extreme(w.last_end_us, i, j, (a, b) => a > b);
    const seconds = first === null || last === null ? null : (last - first) * us;
    const perSecond = (n, unknown, of) => seconds > 0 && !(of > 0 && unknown === of) ? n / seconds : null;
    const spread = (lists, total) => {
      const d = tally(w.bucket_bits, lists, i, j);
      return { ...d, mean: d.count > 0 ? add(total) * us / d.count : null };
    };
    const ok = add(w.ok), output = add(w.output_tokens), noOutput = add(w.no_output), met = add(w.deadlines_met), missed = add(w.deadlines_missed);
    return {
      requests: add(w.requests), measured: add(w.measured), ok, seconds,
      requestsPerS: perSecond(ok, 0, 0),
      outputPerS: perSecond(output, noOutput, ok),
      totalPerS: noOutput === ok && ok > 0 ? null : perSecond(output + add(w.input_tokens), add(w.no_input), ok),
      ttft: spread(w.ttft_us, w.ttft_sum_us), tbt: spread(w.tbt_us, w.tbt_sum_us),
      e2eMean: add(w.e2e) > 0 ? add(w.e2e_sum_us) * us / add(w.e2e) : null,
      missed, deadlines: met + missed,
    };
  },

  // quantile is a percentile of a spread, and between which bounds the exact one lies, in
  // seconds; null where there are no values. linear is numpy's interpolation.
  quantile: (w, spread, permille, linear = false) => {
    if (spread.count === 0) return null;
    const at = (rank) => {
      for (let bucket = 0; bucket < spread.n.length; bucket++) {
        if (rank < spread.n[bucket]) return bounds(w.bucket_bits, bucket);
        rank -= spread.n[bucket];
      }
      return null;
    };
    let [low, high] = [0, 0];
    if (linear) {
      const place = permille * (spread.count - 1) / 1000, rank = Math.floor(place), part = place - rank;
      const [a, b] = [at(rank), at(Math.min(spread.count - 1, rank + 1))];
      [low, high] = [0, 1].map((k) => a[k] + part * (b[k] - a[k]));
    } else {
      [low, high] = at(Math.max(0, Math.ceil(permille * spread.count / 1000) - 1));
    }
    return { value: (low + high) / 2 * us, low: low * us, high: high * us };
  },
};
