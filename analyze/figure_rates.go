package analyze

import (
	"metron/analyze/plot"
	"metron/analyze/stat"
	"metron/internal/term"
)

// ratesFigure holds the three token rates of runs against one another.
func ratesFigure(runs []figureRun) (plot.Data, string) {
	b := plot.Bars{Title: "Token rates", YLabel: "tokens/s of a request", Series: []string{"1 / mean TPOT", "1 / p99 TBT", "fluid token rate"}}
	known := false
	for _, r := range runs {
		f, tpot, tbt := r.Fluidity, r.Metrics.Get(keyTPOT), r.Metrics.Get(keyTBT)
		known = known || f.TPOTRate != nil || f.TBTP99Rate != nil || f.FluidTokenRate != nil
		b.Groups = append(b.Groups, plot.BarGroup{Name: r.name(), Detail: "N = " + term.Count(r.Requests.MeasuredOK),
			Bars: []plot.Bar{rateBar(f.TPOTRate, tpot.CI95, func(i *Intervals) stat.Interval { return i.Mean }),
				rateBar(f.TBTP99Rate, tbt.CI95, func(i *Intervals) stat.Interval { return i.P99 }), rateBar(f.FluidTokenRate, nil, nil)}})
	}
	if !known {
		return nil, "no answered request has the times of two tokens"
	}
	b.Subtitle = captionOfRuns(runs, func(r *Result) int64 { return r.Requests.MeasuredOK }, "answered requests", "fluid: 99 % of the requests miss at most a tenth of their deadlines at one token so often", "whiskers: 95 %, where known")
	return b, ""
}

// rateBar is a rate, whose interval is that of the time it is one over.
func rateBar(rate *float64, i *Intervals, of func(*Intervals) stat.Interval) plot.Bar {
	b := plot.Bar{Value: rate}
	if rate == nil {
		b.Note = "none"
		return b
	}
	if i != nil {
		of := of(i)
		b.Low, b.High = inverse(of.High), inverse(of.Low)
	}
	return b
}
