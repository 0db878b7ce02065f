package publish

import (
	"iter"
	"time"
)

// Report is what is published of an analysis.
type Report struct {
	Name          string    // of the run: its file
	Start, End    time.Time // of the traffic
	Settings      []Pair    // what was asked, and of what
	Summary       string    // a few lines for a person: what was read, and warnings
	Numbers       []Number  // those that are defined
	Distributions []Distribution
	JSON          []byte // the whole result
}

// Pair is a name and what it is.
type Pair struct{ Name, Value string }

// Number is one of a result.
type Number struct {
	Metric string // as in JSON, such as "ttft_s"
	Stat   string // such as "p99.9"; "" where the metric is one number
	Unit   string // s, tokens, tokens/s, share, requests, requests/s
	Label  string
	Value  float64
}

// Distribution is every value of a metric, each with how often it occurred, ascending.
type Distribution struct {
	Metric string
	Values iter.Seq2[float64, int64]
}
