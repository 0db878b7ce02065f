package analyze

// figureKinds lists every figure, in the order of the help.
func figureKinds() []figureKind {
	return []figureKind{
		cdfOf("ttft_cdf", keyTTFT, "time to first token: its distribution"),
		cdfOf("tbt_cdf", keyTBT, "time between tokens: the distribution of every gap"),
		cdfOf("tpot_cdf", keyTPOT, "time per output token: the distribution of the mean gap of each request"),
		cdfOf("e2e_cdf", keyE2E, "end-to-end latency: its distribution"),
		cdfOf("normalized_latency_cdf", keyNormalized, "normalized latency, per output token: its distribution"),
		{name: "tbt_acceptance", usage: "deadlines met against the deadline, and the fluid token rate",
			ask: func(c *Config) { c.Plots = true }, draw: acceptanceFigure},
		{name: "tokens_over_time", usage: "tokens, deadlines and stalls of chosen requests (--request)",
			ask: func(c *Config) { c.Plots = true }, draw: timelinesFigure},
		{name: "miss_rate_cdf", usage: "share of its deadlines that a request missed: its distribution", draw: missRateFigure},
		{name: "ttft_violins", usage: "time to first token by the length of the prompt: its distributions",
			start: newPromptTTFTs, draw: violinsFigure},
		{name: "ttft_bands", usage: "time to first token against the length of the prompt, and the prefill model (--prefill)",
			start: newPromptTTFTs, draw: bandsFigure},
		{name: "send_lag", usage: "how late a replay sent, along the run, and its distribution", start: newSendLags, draw: sendLagFigure},
		{name: "run_timeline", usage: "arrivals, requests in flight, tokens, TTFT and errors on one axis of time", start: newRunOverTime, draw: runFigure},
		{name: "swim_lanes", usage: "the life of each of some requests: queue, prefill, tokens, stalls (--from, --to: the window)", start: newRequestLanes, draw: lanesFigure},
		{name: "tbt_heatmap", usage: "time between tokens over the time of the run", start: newGapsOverTime, draw: heatFigure},
		{name: "token_rate_bars", usage: "token rates by TPOT, TBT and fluidity, a group for each run", across: ratesFigure},
		{name: "goodput_tightness", usage: "goodput as every time of an SLO is multiplied (--slo; default: fluidity>=0.9)", start: newGoodputTries, draw: tightnessFigure},
		compareOf("compare_ttft", keyTTFT, "two runs: their distributions of TTFT, and how much each percentile changed"),
		compareOf("compare_tbt", keyTBT, "two runs: the same of TBT"),
		compareOf("compare_e2e", keyE2E, "two runs: the same of end-to-end latency"),
	}
}
