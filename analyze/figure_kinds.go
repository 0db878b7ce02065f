package analyze

// figureKinds lists every figure, in the order of the help.
func figureKinds() []figureKind {
	return []figureKind{
		cdfOf("ttft_cdf", keyTTFT, "time to first token: its distribution"),
		cdfOf("tbt_cdf", keyTBT, "time between tokens: the distribution of every gap"),
		cdfOf("tpot_cdf", keyTPOT, "time per output token: the distribution of the mean gap of each request"),
		cdfOf("e2e_cdf", keyE2E, "end-to-end latency: its distribution"),
		cdfOf("normalized_latency_cdf", keyNormalized, "latency per output token: its distribution"),
		{name: "tbt_acceptance", usage: "deadlines met against the deadline, and the fluid token rate",
			ask: func(c *Config) { c.Plots = true }, draw: acceptanceFigure},
		{name: "tokens_over_time", usage: "tokens, deadlines and stalls of chosen requests (--request)",
			ask: func(c *Config) { c.Plots = true }, draw: timelinesFigure},
	}
}
