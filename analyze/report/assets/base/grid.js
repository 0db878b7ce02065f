// answer reads a point of the grid: what analyze says of the same deadlines. Nothing is
// interpolated. null is undefined.
metron.answer = (grid, { ttft, tbt, miss, percentile }) => {
  const of = (part, whole) => whole > 0 ? part / whole : null;
  const perSecond = (n) => grid.duration_s > 0 ? n / grid.duration_s : null;
  const good = grid.good[ttft][tbt][miss];
  const judged = grid.answered + grid.failed + (grid.gone?.[ttft][tbt][miss] ?? 0);
  const missRate = grid.miss_rate[ttft][tbt][percentile], decode = grid.decode_miss_rate[tbt][percentile];
  const fluid = grid.fluid_deadline_us[miss][percentile];
  return {
    good, judged,
    attainment: of(good, judged),
    goodput: perSecond(good),
    tokenGoodput: perSecond(grid.good_tokens[ttft][tbt][miss]),
    missed: grid.service_missed[ttft][tbt],
    deadlines: grid.service_total[ttft][tbt],
    serviceMissRate: of(grid.service_missed[ttft][tbt], grid.service_total[ttft][tbt]),
    fluidity: missRate === undefined ? null : 1 - missRate / 1000,
    acceptance: decode === undefined ? null : 1 - decode / 1000,
    fluidDeadline: fluid === null ? null : fluid / 1e6,
    fluidRate: fluid > 0 ? 1e6 / fluid : null,
  };
};
