package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// MetricSummary is one metric over the population: the same numbers for each.
type MetricSummary struct {
	Summary
	Unattainable *int64           `json:"unattainable,omitempty"` // min_tbt_deadline_s: counted, beyond every number
	LeftOut      map[reason]int64 `json:"left_out"`               // rows without a value, and why

	key, label string
	unit       unit
}

// Metrics holds the metrics in the order of the terminal; in JSON it is one object.
type Metrics []MetricSummary

// Get returns the metric of a JSON key, such as "ttft_s".
func (m Metrics) Get(key string) *MetricSummary {
	for i := range m {
		if m[i].key == key {
			return &m[i]
		}
	}
	panic(fmt.Sprintf("analyze: no metric %q in the table", key))
}

// MarshalJSON writes an object with a key for each metric, in order.
func (m Metrics) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(&m[i])
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", m[i].key, err)
		}
		fmt.Fprintf(&b, "%q:%s", m[i].key, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// summarize describes each metric of the table.
func (t *tally) summarize() Metrics {
	summaries := make([]Summary, len(t.metrics))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0)) // sorting is most of it, and lays the values out
	for i, m := range t.metrics {
		group.Go(func() error {
			summaries[i] = t.samples[i].Summary(t.config.Percentile, m.scale(t.config.Fluidity))
			return nil
		})
	}
	_ = group.Wait() // none fails
	var out Metrics
	for i, m := range t.metrics {
		s := MetricSummary{key: m.key, label: m.label, unit: m.unit, LeftOut: maps.Clone(t.excluded)}
		addCounts(s.LeftOut, t.leftOut[i])
		switch m.key {
		case keyICL:
			s.Summary = t.betweenChunks().Summary(t.config.Percentile, usPerSecond)
		case keyTBT:
			s.Summary = t.tbt.Summary(t.config.Percentile, usPerSecond)
			if t.clusters != nil {
				s.CI95 = t.clusters.intervals(&t.tbt)
			}
		default:
			s.Summary = summaries[i]
		}
		if m.key == keyMinDeadline {
			s.Unattainable = new(t.unattainable)
		}
		out = append(out, s)
	}
	return out
}
