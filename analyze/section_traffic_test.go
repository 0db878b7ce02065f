package analyze

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A tenth of the rows, each said to be a tenth, gives about what all of them give.
func TestTrafficOfASample(t *testing.T) {
	whole := trafficOf(t, Config{}, 1, 1)
	if whole.SampledRows != 0 || whole.lines() != nil {
		t.Errorf("nothing was sampled: %+v", whole)
	}
	sample := trafficOf(t, Config{}, 0.1, 0.1)
	if sample.SampledRows == 0 || !strings.Contains(sample.lines()[0], "about") {
		t.Errorf("no sample: %+v", sample)
	}
	for _, one := range []struct{ got, want float64 }{
		{sample.Requests, whole.Requests}, {sample.OK, whole.OK}, {sample.OutputTokens, whole.OutputTokens}, {sample.InputTokens, whole.InputTokens},
		{*sample.RequestsPerS, *whole.RequestsPerS}, {*sample.OutputTokensPerS, *whole.OutputTokensPerS},
	} {
		if math.Abs(one.got/one.want-1) > 0.2 { // 3000 rows: three standard errors of a tenth
			t.Errorf("estimated %v, there were %v", one.got, one.want)
		}
	}
	// What the section counts without a sample is what stands above it.
	r := analyze(t, Config{}, traffic(500, 8, 3)...)
	all := r.section("traffic").(*Traffic)
	if all.Requests != float64(r.Requests.Total-r.Requests.NotMeasured) || *all.OutputTokensPerS != *r.Throughput.OutputTokensPerS ||
		*all.RequestsPerS != *r.Throughput.RequestsPerS || *all.TotalTokensPerS != *r.Throughput.TotalTokensPerS {
		t.Errorf("%+v of %+v", all, r.Throughput)
	}
}

// trafficOf analyzes the share of 3,000 rows that a draw takes, each with a sample_rate.
func trafficOf(t *testing.T, c Config, share, rate float64) *Traffic {
	t.Helper()
	random := rand.New(rand.NewPCG(31, 32))
	records := traffic(3000, 8, 3)
	kept := records[:0]
	for i := range records {
		if random.Float64() >= share {
			continue
		}
		if rate < 1 {
			records[i].SampleRate = new(rate)
		}
		kept = append(kept, records[i])
	}
	return analyze(t, c, kept...).section("traffic").(*Traffic)
}
