package publish

import (
	"math"
	"slices"
	"strings"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
)

// convention is a histogram of OpenTelemetry's conventions for generative AI, with the
// bounds that they ask for. What they call a server's, too, is here as its client saw it.
type convention struct {
	metric     string // ours
	name, unit string
	about      string
	bounds     []float64
	attribute  *common.KeyValue // nil: none
}

func conventions() []convention {
	durations := []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	usage := []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	return []convention{
		{"e2e_latency_s", "gen_ai.client.operation.duration", "s", "Time from the send to the last token.", durations, nil},
		{"ttft_s", "gen_ai.server.time_to_first_token", "s", "Time from the send to the first token, at the client.",
			[]float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, nil},
		{"tpot_s", "gen_ai.server.time_per_output_token", "s", "Mean time of a request's tokens after the first, at the client.",
			[]float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5}, nil},
		{"input_tokens", "gen_ai.client.token.usage", "{token}", "Tokens of the prompt.", usage, text("gen_ai.token.type", "input")},
		{"output_tokens", "gen_ai.client.token.usage", "{token}", "Tokens of the answer.", usage, text("gen_ai.token.type", "output")},
	}
}

// Measured lists the metrics whose distribution is published.
func Measured() []string {
	var out []string
	for _, c := range conventions() {
		out = append(out, c.metric)
	}
	return out
}

// otlpMetrics is a report as one resource: histograms by the conventions, and our own
// numbers as gauges under metron.
func otlpMetrics(r *Report, own []*common.KeyValue) []*metrics.ResourceMetrics {
	var attributes []*common.KeyValue
	for _, a := range append([]*common.KeyValue{text("service.name", "metron"), text("metron.run", r.Name)}, own...) {
		attributes = set(attributes, a)
	}
	byName := map[string]*metrics.Metric{}
	scope := &metrics.ScopeMetrics{Scope: &common.InstrumentationScope{Name: "metron"}}
	add := func(name, unit, about string) (m *metrics.Metric, first bool) {
		if m := byName[name]; m != nil {
			return m, false
		}
		m = &metrics.Metric{Name: name, Unit: unit, Description: about}
		byName[name] = m
		scope.Metrics = append(scope.Metrics, m)
		return m, true
	}
	for _, d := range r.Distributions {
		for _, c := range conventions() {
			if c.metric != d.Metric {
				continue
			}
			point := bucketed(d, c.bounds)
			if point.Count == 0 {
				continue
			}
			point.StartTimeUnixNano, point.TimeUnixNano = uint64(r.Start.UnixNano()), uint64(r.End.UnixNano())
			if c.attribute != nil {
				point.Attributes = append(point.Attributes, c.attribute)
			}
			m, first := add(c.name, c.unit, c.about)
			if first {
				m.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE}}
			}
			h := m.GetHistogram()
			h.DataPoints = append(h.DataPoints, point)
		}
	}
	for _, n := range r.Numbers {
		name, unit, stat := "metron."+strings.TrimSuffix(n.Metric, "_s"), ucum(n.Unit), n.Stat
		if stat == "count" { // which is in no unit of the metric
			name, unit, stat = name+".count", "1", ""
		}
		m, first := add(name, unit, "The "+n.Label+".")
		if first {
			m.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{}}
		}
		point := &metrics.NumberDataPoint{StartTimeUnixNano: uint64(r.Start.UnixNano()), TimeUnixNano: uint64(r.End.UnixNano()),
			Value: &metrics.NumberDataPoint_AsDouble{AsDouble: n.Value}}
		if stat != "" {
			point.Attributes = []*common.KeyValue{text("metron.stat", stat)}
		}
		g := m.GetGauge()
		g.DataPoints = append(g.DataPoints, point)
	}
	return []*metrics.ResourceMetrics{{Resource: &resource.Resource{Attributes: attributes}, ScopeMetrics: []*metrics.ScopeMetrics{scope}}}
}

// bucketed counts values between bounds; each bound is of the bucket below it.
func bucketed(d Distribution, bounds []float64) *metrics.HistogramDataPoint {
	p := &metrics.HistogramDataPoint{ExplicitBounds: bounds, BucketCounts: make([]uint64, len(bounds)+1)}
	low, high, sum := math.Inf(1), math.Inf(-1), 0.0
	for v, n := range d.Values {
		i, _ := slices.BinarySearch(bounds, v) // the first that is not below v
		p.BucketCounts[i] += uint64(n)
		p.Count += uint64(n)
		sum += v * float64(n)
		low, high = min(low, v), max(high, v)
	}
	if p.Count > 0 {
		p.Sum, p.Min, p.Max = &sum, &low, &high
	}
	return p
}

// ucum is a unit as OpenTelemetry writes it.
func ucum(unit string) string {
	switch unit {
	case "tokens":
		return "{token}"
	case "tokens/s":
		return "{token}/s"
	case "requests":
		return "{request}"
	case "requests/s":
		return "{request}/s"
	case "share":
		return "1"
	}
	return unit
}

// set puts an attribute into a list, in the place of one of its key: keys are unique there.
func set(list []*common.KeyValue, a *common.KeyValue) []*common.KeyValue {
	for i := range list {
		if list[i].Key == a.Key {
			list[i] = a
			return list
		}
	}
	return append(list, a)
}

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}
