package analyze

import "fmt"

// sloProfile is an SLO with a name.
type sloProfile struct {
	name string
	slo  string
}

// profiles lists the SLOs that have names: a new one is one line.
//
// MLPerf Inference bounds the 99th percentiles of TTFT and TPOT by model and
// scenario. Etalon's are the SLO types of its capacity search with their
// defaults; the tiers of its paper (arXiv 2407.07000) differ in the deadline.
func profiles() []sloProfile {
	var out []sloProfile
	for _, m := range []struct {
		name       string
		ttft, tpot int // ms
	}{
		{"llama3.1-8b/server", 2000, 100}, {"llama3.1-8b/interactive", 500, 30},
		{"llama2-70b/server", 2000, 200}, {"llama2-70b/interactive", 450, 40},
		{"llama3.1-405b/server", 6000, 175}, {"llama3.1-405b/interactive", 4500, 80},
		{"mixtral-8x7b/server", 2000, 200},
		{"deepseek-r1/server", 2000, 80}, {"deepseek-r1/interactive", 1500, 15},
	} {
		out = append(out, sloProfile{"mlperf:" + m.name, fmt.Sprintf("ttft.p99<=%dms,tpot.p99<=%dms", m.ttft, m.tpot)})
	}
	const deadline = "miss_rate.p99<=0.1,ttft_deadline=prefill+300ms,tbt_deadline="
	out = append(out, sloProfile{"etalon:deadline", deadline + "30ms"})
	for _, tier := range []string{"25ms", "50ms", "100ms"} {
		out = append(out, sloProfile{"etalon:deadline/" + tier, deadline + tier})
	}
	return append(out,
		sloProfile{"etalon:tbt_ttft", "tbt.p99<=30ms,ttft.p90<=100ms"},
		sloProfile{"etalon:ttft_tpot", "ttft.p90<=100ms,tpot.p90<=100ms"})
}

func profileNames() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.name)
	}
	return names
}
