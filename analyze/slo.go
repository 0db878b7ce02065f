package analyze

import (
	"fmt"
	"strings"
	"time"
)

// SLO is a service level objective: constraints that must all hold. Those of a
// request are joined, so a request is good if it meets each of them; the share
// of good requests must reach the attainment; and those of the population must
// hold for its percentiles.
type SLO struct {
	Name        string // as it was asked for
	Constraints []Constraint

	// Deadlines of the metrics that have some (fluidity, miss_rate, on_time,
	// continuity); zero: those of the analysis.
	TTFTDeadline FirstDeadline
	TBTDeadline  time.Duration

	Attainment Fraction // share of the requests that must be good; Den 0: Config.Attainment
}

// Scope is what a constraint bounds.
type Scope string

const (
	ScopeRequest    Scope = "request"    // ttft<=500ms: the request's value
	ScopeGaps       Scope = "own_gaps"   // tbt[p99]<=50ms: a percentile of the request's own gaps
	ScopePopulation Scope = "population" // ttft.p99<=2s: a percentile over the requests, of tbt over all gaps
)

// Constraint bounds one metric: times from above, shares of good things from below.
type Constraint struct {
	Metric   string // a name of sloMetrics
	Scope    Scope
	Quantile Fraction // of the scopes that have one
	Limit    Fraction // microseconds of a time (Den 1), or a share
}

// sloMetric is a metric that an SLO may bound: a new one is one entry in sloMetrics.
type sloMetric struct {
	name      string
	key       string // its name in Metrics
	share     bool   // 0 to 1; else a time
	atLeast   bool   // more is better
	deadlines bool   // it depends on deadlines, which an SLO may set
	value     func(*judged) (ratio, reason)
}

// sloMetrics lists them, in the order of messages.
func sloMetrics() []sloMetric {
	return []sloMetric{
		{name: "ttft", key: keyTTFT, value: (*judged).ttft},
		{name: "scheduled_ttft", key: "scheduled_ttft_s", value: (*judged).scheduledTTFT},
		{name: "tbt", key: keyTBT},
		{name: "tpot", key: keyTPOT, value: (*judged).tpot},
		{name: "e2e", key: "e2e_latency_s", value: (*judged).e2e},
		{name: "normalized_latency", key: "normalized_latency_s", value: (*judged).normalized},
		{name: "fluidity", key: "fluidity_index", share: true, atLeast: true, deadlines: true, value: (*judged).fluidity},
		{name: "miss_rate", key: "deadline_miss_rate", share: true, deadlines: true, value: (*judged).missRate},
		{name: "on_time", key: "absolute_attainment", share: true, atLeast: true, deadlines: true, value: (*judged).onTime},
		{name: "continuity", key: "playback_continuity", share: true, atLeast: true, deadlines: true, value: (*judged).continuity},
	}
}

// metric finds the metric of a name; nil if there is none.
func sloMetricOf(name string) *sloMetric {
	all := sloMetrics()
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// String writes the SLO with its profiles spelled out; ParseSLO reads the same again.
func (s SLO) String() string {
	var items []string
	for _, c := range s.Constraints {
		items = append(items, c.String())
	}
	if s.TTFTDeadline != (FirstDeadline{}) {
		items = append(items, settingTTFT+"="+s.TTFTDeadline.String())
	}
	if s.TBTDeadline != 0 {
		items = append(items, settingTBT+"="+s.TBTDeadline.String())
	}
	if s.Attainment.Den != 0 {
		items = append(items, settingAttainment+"="+s.Attainment.String())
	}
	return strings.Join(items, ",")
}

// String writes the constraint as ParseSLO reads it.
func (c Constraint) String() string {
	m := sloMetricOf(c.Metric)
	if m.atLeast {
		return c.subject() + ">=" + m.format(c.Limit)
	}
	return c.subject() + "<=" + m.format(c.Limit)
}

// subject is what is bounded, without the bound: "tbt[p99]".
func (c Constraint) subject() string {
	switch c.Scope {
	case ScopeGaps:
		return c.Metric + "[" + percentileName(c.Quantile) + "]"
	case ScopePopulation:
		return c.Metric + "." + percentileName(c.Quantile)
	}
	return c.Metric
}

func (m *sloMetric) format(limit Fraction) string {
	if m.share {
		return limit.String()
	}
	return (time.Duration(limit.Num) * time.Microsecond).String()
}

// percentileName writes 999/1000 as "p99.9".
func percentileName(q Fraction) string {
	return "p" + Fraction{q.Num * 100, q.Den}.String()
}

// parsePercentile reads p99.9 as 999/1000.
func parsePercentile(text string) (Fraction, error) {
	digits, ok := strings.CutPrefix(text, "p")
	whole, decimals, _ := strings.Cut(digits, ".")
	if ok && len(whole) <= 2 && whole != "" {
		if q, err := ParseFraction("0." + strings.Repeat("0", 2-len(whole)) + whole + decimals); err == nil && q.Num > 0 {
			return q, nil
		}
	}
	if text == "p100" {
		return Fraction{1, 1}, nil
	}
	return Fraction{}, fmt.Errorf("%q is no percentile, such as p99 or p99.9", text)
}
