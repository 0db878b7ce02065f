package analyze

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseSLO(t *testing.T) {
	for text, want := range map[string]string{
		"ttft<=500ms": "ttft<=500ms",
		" ttft <= 0.5s , tbt[p99]<=50ms,fluidity>=0.90 ":                  "ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9",
		"tbt<=800us,tbt.p99.9<=1m":                                        "tbt<=800µs,tbt.p99.9<=1m0s",
		"ttft.p5<=1s,ttft.p100<=2s":                                       "ttft.p5<=1s,ttft.p100<=2s",
		"e2e<=10s,normalized_latency<=20ms,tpot<=15ms,scheduled_ttft<=1s": "e2e<=10s,normalized_latency<=20ms,tpot<=15ms,scheduled_ttft<=1s",
		"miss_rate.p99<=0.1,on_time>=0.95,continuity>=1":                  "miss_rate.p99<=0.1,on_time>=0.95,continuity>=1",
		"fluidity>=0.9,tbt_deadline=25ms,ttft_deadline=prefill":           "fluidity>=0.9,ttft_deadline=prefill,tbt_deadline=25ms",
		"attainment=0.99,ttft_deadline=prefill+300ms,fluidity>=0.9":       "fluidity>=0.9,ttft_deadline=prefill+300ms,attainment=0.99",
		"mlperf:llama3.1-8b/server":                                       "ttft.p99<=2s,tpot.p99<=100ms",
		"mlperf:deepseek-r1/interactive,ttft<=9s":                         "ttft.p99<=1.5s,tpot.p99<=15ms,ttft<=9s",
		"etalon:deadline":                                                 "miss_rate.p99<=0.1,ttft_deadline=prefill+300ms,tbt_deadline=30ms",
		"deadline":                                                        "miss_rate.p99<=0.1,ttft_deadline=prefill+300ms,tbt_deadline=30ms",
		"etalon:deadline/25ms":                                            "miss_rate.p99<=0.1,ttft_deadline=prefill+300ms,tbt_deadline=25ms",
		"etalon:tbt_ttft,tbt.p99<=50ms":                                   "tbt.p99<=50ms,ttft.p90<=100ms",
		"tbt.p99<=50ms,etalon:tbt_ttft":                                   "tbt.p99<=50ms,ttft.p90<=100ms",
		"tbt.p99.0<=50ms,etalon:tbt_ttft":                                 "tbt.p99<=50ms,ttft.p90<=100ms",
		"etalon:tbt_ttft,etalon:ttft_tpot":                                "tbt.p99<=30ms,ttft.p90<=100ms,tpot.p90<=100ms",
		"etalon:deadline,tbt_deadline=50ms,ttft_deadline=1s":              "miss_rate.p99<=0.1,ttft_deadline=1s,tbt_deadline=50ms",
		"etalon:ttft_tpot":                                                "ttft.p90<=100ms,tpot.p90<=100ms",
	} {
		s, err := ParseSLO(text)
		if err != nil || s.String() != want || s.Name != text {
			t.Errorf("%s: %s, %v, want %s", text, s, err, want)
		}
	}
}

// An error says where it is, and what was probably meant.
func TestParseSLOErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "at character 1: want a constraint",
		"ttft<=1s,":                             "at character 10: want a constraint",
		"attainment=0.9":                        "there is no constraint",
		"ttft":                                  `at character 1: "ttft" bounds nothing`,
		"tfft<=1s":                              `at character 1: no metric "tfft"; did you mean ttft?`,
		"ttft<=1s, latency<=2s":                 `at character 11: no metric "latency"; there are ttft, scheduled_ttft, tbt`,
		"ttft<1s":                               "at character 5: write ttft<=1s",
		"ttft=1s":                               "at character 1: ttft=1s: write <= or >=",
		"ttft>=1s":                              "at character 5: write ttft<=1s",
		"fluidity<=0.9":                         "at character 9: write fluidity>=0.9",
		"ttft<=500":                             "at character 7: 500 of what? Write 500ms or 500s",
		"ttft<=":                                `at character 7: "" is no time`,
		"ttft<=  fast":                          `at character 9: "fast" is no time`,
		"ttft<=1500ns":                          "whole number of microseconds",
		"ttft<=-1s":                             "at least 1",
		"fluidity>=90":                          "such as 0.9",
		"ttft[p99]<=1s":                         "at character 5: a request has one ttft",
		"tbt[p99<=1s":                           "at character 8: want ]",
		"tbt[99]<=1s":                           `at character 5: "99" is no percentile, such as p99`,
		"tbt.p0<=1s":                            "no percentile",
		"ttft.p101<=1s":                         "no percentile",
		"ttft<=1s,ttft<=2s":                     "at character 10: ttft stands there twice",
		"tbt[p9]<=1s,tbt[p9.0]<=2s":             "at character 13: tbt[p9] stands there twice",
		"attainment=0.9,attainment=0.8":         "at character 16: attainment stands there twice",
		"mlperf:llama3-8b/server":               "did you mean mlperf:llama3.1-8b/server?",
		"mlperf/llama3.1-8b/server":             "did you mean mlperf:llama3.1-8b/server?",
		"fluidity>=0.9,tbt_dedline=1":           "at character 15: no setting \"tbt_dedline\"; did you mean tbt_deadline?",
		"fluidity>=0.9,ttft_deadline=prefill*2": "at character 29: want prefill+300ms",
		"é<=1s,ttft<=x":                         "at character 1: no metric",
		"ttft<=1s,é<=1s":                        "at character 10: no metric",
		"ttft<=1s,attainment=2":                 "at character 21:",
	} {
		if s, err := ParseSLO(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", text, s, err, want)
		}
	}
}

// METRICS.md's table of MLPerf, in milliseconds.
func TestMLPerfProfiles(t *testing.T) {
	want := map[string][2]time.Duration{
		"llama3.1-8b/server": {2000, 100}, "llama3.1-8b/interactive": {500, 30}, "llama2-70b/server": {2000, 200},
		"llama2-70b/interactive": {450, 40}, "llama3.1-405b/server": {6000, 175}, "llama3.1-405b/interactive": {4500, 80},
		"mixtral-8x7b/server": {2000, 200}, "deepseek-r1/server": {2000, 80}, "deepseek-r1/interactive": {1500, 15},
	}
	for name, ms := range want {
		s, err := ParseSLO("mlperf:" + name)
		if err != nil {
			t.Fatal(err)
		}
		p99 := func(metric string, ms time.Duration) Constraint {
			return Constraint{metric, ScopePopulation, Fraction{99, 100}, Fraction{ms.Nanoseconds() * 1000, 1}}
		}
		if !reflect.DeepEqual(s.Constraints, []Constraint{p99("ttft", ms[0]), p99("tpot", ms[1])}) {
			t.Errorf("%s: %v", name, s)
		}
	}
}

func drawSLO(t *rapid.T) SLO {
	duration := rapid.Map(rapid.Int64Range(1, 10_000_000), func(us int64) time.Duration { return time.Duration(us) * time.Microsecond })
	share := rapid.Map(rapid.Int64Range(0, 1000), func(n int64) Fraction {
		f, _ := ParseFraction(Fraction{n, 1000}.String())
		return f
	})
	var s SLO
	seen := map[string]bool{}
	for range rapid.IntRange(1, 5).Draw(t, "constraints") {
		m := rapid.SampledFrom(sloMetrics()).Draw(t, "metric")
		c := Constraint{Metric: m.name, Scope: rapid.SampledFrom([]Scope{ScopeRequest, ScopePopulation, ScopeGaps}).Draw(t, "scope")}
		if c.Scope == ScopeGaps && m.name != "tbt" {
			c.Scope = ScopeRequest
		}
		if c.Scope != ScopeRequest {
			c.Quantile, _ = parsePercentile(rapid.SampledFrom([]string{"p1", "p50", "p90", "p99", "p99.9", "p100"}).Draw(t, "percentile"))
		}
		if c.Limit = share.Draw(t, "share"); !m.share {
			c.Limit = Fraction{duration.Draw(t, "limit").Microseconds(), 1}
		}
		if !seen[c.subject()] {
			seen[c.subject()] = true
			s.Constraints = append(s.Constraints, c)
		}
	}
	if rapid.Bool().Draw(t, "own TTFT deadline") {
		s.TTFTDeadline = FirstDeadline{Time: duration.Draw(t, "TTFT deadline"), Prefill: rapid.Bool().Draw(t, "prefill")}
	}
	if rapid.Bool().Draw(t, "own TBT deadline") {
		s.TBTDeadline = duration.Draw(t, "TBT deadline")
	}
	if rapid.Bool().Draw(t, "own attainment") {
		s.Attainment = share.Draw(t, "attainment")
	}
	return s
}

func TestSLOIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSLO(t)
		want.Name = want.String()
		got, err := ParseSLO(want.Name)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzParseSLO(f *testing.F) {
	for _, p := range profileNames() {
		f.Add(p)
	}
	f.Add("ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9,attainment=0.99")
	f.Add("ttft.p99<=2s, e2e <= 1h, ttft_deadline=prefill+300ms,tbt_deadline=30ms")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSLO(text)
		if err != nil {
			if !strings.Contains(err.Error(), "SLO ") {
				t.Fatalf("%v does not say what it is about", err)
			}
			return
		}
		again, err := ParseSLO(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q is written %q, and then %q, %v", text, s, again, err)
		}
	})
}
