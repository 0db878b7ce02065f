package plot

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every figure of the runs and of what is held against each other says what it should, in
// every style, and drawn twice is the same bytes.
func TestRunFigures(t *testing.T) {
	says := map[string][]string{
		"run":          {"The run over time", "in flight (requests)", "TTFT p99", "not measured", "SUSPECT: p99 send lag over 1 ms", "INVALID: over 10 ms", "seconds after the first request", "20"},
		"heat":         {"TBT", "p99", "tokens a cell", "100 ms", "seconds after the first request"},
		"lanes":        {"Requests in their lanes", "waiting for the first token: queue and prefill", "a token is overdue, where it shows", "truncated", "http_error", "not_sent", "40"},
		"few_lanes":    {"queue", "prefill, by the model", "6"},
		"tight":        {"ttft<=100ms,tbt[p99]<=50ms: 90 % at 1.19×", "ttft<=50ms: below 90 %", "0.25×", "good requests/s"},
		"overlay":      {"before.parquet", "after.parquet", "may be chance", "p99.9", "+20 %"},
		"capacity":     {"azure-conv", "tbt_ttft", "failed", "> 1,234", "large-gpu, chunked", "2.31"},
		"latency_rate": {"ttft.p99<=500ms", "the SLO failed", "capacity 3.60 (95 %: 3.30 to 4.10)", "1 s", "requests/s"},
		"no run":       {"no request was sent"}, "no heat": {"no value above 0"}, "no lanes": {"no request in this window"}, "not tight": {"no request was judged"},
		"no overlay": {"a run has no value above 0"}, "no bars": {"nothing to draw"}, "no rates": {"no run has a latency"},
		"a moment": {"seconds"}, "bars of nothing": {"failed"},
	}
	samples := sampleFigures()
	for name, data := range map[string]Data{"no run": RunTimeline{}, "no heat": HeatMap{}, "no lanes": SwimLanes{}, "not tight": Tightness{},
		"no overlay": Overlay{A: Side{Values: values(), Count: 0}, B: Side{Values: values(1), Count: 1}}, "no bars": Bars{}, "no rates": LatencyRate{},
		"a moment":        SwimLanes{Lanes: []Lane{{SentS: math.NaN(), ServedS: math.NaN(), EndS: math.NaN(), Outcome: "not_sent"}}},
		"bars of nothing": Bars{Series: []string{"one"}, Groups: []BarGroup{{Name: "none", Bars: []Bar{{Note: "failed"}}}}}} {
		samples[name] = data
	}
	for name, data := range samples {
		t.Run(name, func(t *testing.T) {
			for _, s := range []Style{{}, {Dark, Column}} {
				f, err := data.Figure(s)
				if err != nil {
					t.Fatal(err)
				}
				var first, again bytes.Buffer
				if err := f.Encode(&first, SVG); err != nil {
					t.Fatal(err)
				}
				if err := f.Encode(&again, SVG); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
					t.Errorf("drawn twice, the bytes differ: %v", err)
				}
				text := svgText(t, first.Bytes())
				for _, want := range says[name] {
					if !strings.Contains(text, want) {
						t.Errorf("%v does not say %q:\n%s", s, want, text)
					}
				}
				if strings.Contains(first.String(), "NaN") || strings.Contains(first.String(), "Inf") {
					t.Errorf("%v: a place that is no number", s)
				}
				if first.Len() > 200_000 {
					t.Errorf("%v: the SVG has %d bytes", s, first.Len())
				}
			}
		})
	}
	if len(says) != len(samples) {
		t.Errorf("%d figures, and %d that say something", len(samples), len(says))
	}
}
func sampleFigures() map[string]Data {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 120
	run := RunTimeline{Subtitle: "run.parquet; N = 1,234 requests", StepS: 0.5, Shades: []Shade{{0, 6, ShadeLeftOut}, {54, 60, ShadeLeftOut}, {20, 22, ShadeSuspect}, {30, 31, ShadeInvalid}}}
	heat := HeatMap{Title: "Time between tokens over the run", Subtitle: "run.parquet; N = 1,234,567 gaps", YLabel: "TBT", Unit: "tokens", StepS: 0.5, Shades: run.Shades}
	for e := 0; e <= 48; e++ {
		heat.Edges = append(heat.Edges, 0.002*math.Exp2(float64(e)/6))
	}
	var p50, p99 []float64
	for i := range n {
		load := 5 + 4*math.Sin(float64(i)/15) + r.Float64()
		run.Arrivals = append(run.Arrivals, load)
		run.InFlight = append(run.InFlight, 3*load)
		run.Tokens = append(run.Tokens, 400*load)
		if i == 60 {
			run.TTFTP50, run.TTFTP99 = append(run.TTFTP50, math.NaN()), append(run.TTFTP99, math.NaN())
		} else {
			run.TTFTP50, run.TTFTP99 = append(run.TTFTP50, 0.03*load), append(run.TTFTP99, 0.1*load+r.Float64())
		}
		run.Errors = append(run.Errors, max(0, math.Floor(3*r.Float64()-1))*2)
		counts := make([]int64, 48)
		for range 3000 {
			v := 0.01 * load / 5 * math.Exp(0.4*r.NormFloat64())
			if r.Float64() < 0.002 {
				v = 0.3
			}
			k := int(6 * math.Log2(v/0.002))
			if k >= 0 && k < 48 {
				counts[k]++
			}
		}
		heat.Counts = append(heat.Counts, counts)
		p50, p99 = append(p50, 0.01*load/5), append(p99, 0.025*load/5)
	}
	heat.Lines = []NamedBins{{"p50", p50}, {"p99", p99}}
	lanes := SwimLanes{Subtitle: "40 of 812 requests: those that arrived closest together"}
	for i := range 40 {
		due := float64(i) * 0.05
		one := Lane{DueS: due, SentS: due + 0.02*r.Float64(), ServedS: math.NaN()}
		at := one.SentS + 0.1 + 0.4*r.Float64()
		for range 20 + i*4 {
			one.Tokens = append(one.Tokens, at)
			gap := 0.02 + 0.01*r.Float64()
			if r.Float64() < 0.01 {
				gap = 0.3
				one.Waits = append(one.Waits, [2]float64{at + 0.05, at + gap})
			}
			at += gap
		}
		one.EndS = at
		switch i {
		case 7:
			one.Outcome = "truncated"
		case 20:
			one.Outcome, one.Tokens, one.Waits, one.EndS = "http_error", nil, nil, due+0.1
		case 30:
			one.Outcome, one.Tokens, one.Waits, one.SentS, one.EndS = "not_sent", nil, nil, math.NaN(), math.NaN()
		}
		lanes.Lanes = append(lanes.Lanes, one)
	}
	few := lanes
	few.Lanes = lanes.Lanes[:6]
	few.Modelled = true
	few.Lanes[2].ServedS = few.Lanes[2].SentS + 0.08
	var scales, sharesA, sharesB, perA, perB []float64
	for e := -8; e <= 8; e++ {
		v := math.Exp2(float64(e) / 4)
		scales = append(scales, v)
		sharesA, sharesB = append(sharesA, 1-math.Exp(-1.7*v*v)), append(sharesB, 0.8*(1-math.Exp(-0.9*v)))
		perA, perB = append(perA, 11*sharesA[len(sharesA)-1]), append(perB, 10*sharesB[len(sharesB)-1])
	}
	lognormal := func(mid, sigma float64) Side {
		var v []float64
		for range 2000 {
			v = append(v, mid*math.Exp(sigma*r.NormFloat64()))
		}
		slices.Sort(v)
		return Side{Values: values(v...), Count: 2000}
	}
	a, b := lognormal(0.05, 0.6), lognormal(0.06, 0.5)
	a.Name, b.Name = "before.parquet", "after.parquet"
	return map[string]Data{
		"run": run, "heat": heat, "lanes": lanes, "few_lanes": few,
		"tight": Tightness{Subtitle: "run.parquet; every time of the SLO multiplied", Curves: []TightnessCurve{{"ttft<=100ms,tbt[p99]<=50ms", scales, sharesA, perA, 0.9}, {"ttft<=50ms", scales, sharesB, perB, 0.9}}},
		"overlay": Overlay{Title: "Time to first token: what changed", Subtitle: "before.parquet against after.parquet; 2,000 pairs", XLabel: "time to first token", A: a, B: b, Changes: []Change{
			{"p50", 0.19, new(0.12), new(0.25), true}, {"p75", 0.1, new(0.05), new(0.18), true}, {"p90", 0.05, new(-0.03), new(0.12), false}, {"p95", -0.02, new(-0.1), new(0.06), false}, {"p99", -0.12, new(-0.3), new(0.1), false}, {"p99.9", -0.2, nil, nil, false}}},
		"capacity": Bars{Title: "Capacity", Subtitle: "requests/s that the SLO holds at; whiskers: 95 %", YLabel: "requests/s", Series: []string{"small-gpu", "large-gpu", "large-gpu, chunked"},
			Groups: []BarGroup{
				{"azure-conv", "deadline", []Bar{{Value: new(2.31), Low: new(2.1), High: new(2.5)}, {Value: new(11.9), Low: new(11.0), High: new(12.4)}, {Value: new(13.0), Low: new(12.1), High: new(14.2)}}},
				{"azure-conv", "tbt_ttft", []Bar{{Value: new(1.2), Low: new(1.1), High: new(1.3)}, {Value: new(7.9), Low: new(7.0), High: new(8.4)}, {Note: "failed"}}},
				{"azure-code-of-a-long-name", "ttft<=500ms,tbt[p99]<=50ms,fluidity>=0.9", []Bar{{Value: new(0.31), Low: new(0.1), High: new(0.5)}, {Value: new(1234.5), Low: new(1100.0), High: new(1300.0), Note: "> 1,234"}, {Value: new(13.0)}}},
			}},
		"latency_rate": LatencyRate{Title: "TTFT against the rate", Subtitle: "large-gpu; azure; 9 runs", YLabel: "TTFT", Curves: []RateCurve{
			{"p50", []RatePoint{{Rate: 1, Seconds: 0.04}, {Rate: 2, Seconds: 0.045}, {Rate: 4, Seconds: 0.06}, {Rate: 8, Seconds: 0.2, Failed: true}}},
			{"p99", []RatePoint{{Rate: 1, Seconds: 0.1, Low: new(0.08), High: new(0.15)}, {Rate: 2, Seconds: 0.15, Low: new(0.1), High: new(0.2)}, {Rate: 4, Seconds: 0.6, Low: new(0.4), High: new(1.6)}, {Rate: 8, Seconds: 4.2, Failed: true, Low: new(3.0), High: new(5.5)}}},
		}, Limit: &RateLimit{"ttft.p99<=500ms", 0.5}, Capacity: &RateInterval{new(3.6), new(3.3), new(4.1)}},
	}
}

// Viewers keep the proportions of an image in an SVG: the cells of a heat map have those of
// their place.
func TestHeatMapFillsItsPlace(t *testing.T) {
	f, err := sampleFigures()["heat"].Figure(Style{Size: Column})
	if err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile(`<image x="[^"]*" y="[^"]*" width="([^"]*)" height="([^"]*)" xlink:href="data:image/png;base64,([^"]*)"`).
		FindAllStringSubmatch(string(drawn(t, f, SVG)), -1)
	if len(places) != 2 { // the scale, and the cells
		t.Fatalf("%d images", len(places))
	}
	for _, p := range places {
		picture, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(p[3])))
		if err != nil {
			t.Fatal(err)
		}
		wide, _ := strconv.ParseFloat(p[1], 64)
		tall, _ := strconv.ParseFloat(p[2], 64)
		size := picture.Bounds().Size()
		if got := float64(size.X) / float64(size.Y); math.Abs(got/(wide/tall)-1) > 0.03 {
			t.Errorf("%v pixels for %v by %v points", size, wide, tall)
		}
	}
}
