package view

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"metron/analyze"
	"metron/internal/term"
	"metron/schema"
)

// Question is what the page asks: a window of the run and deadlines. Zero is as the page
// was made; two questions with the same answer are equal.
type Question struct {
	FromUS, ToUS   int64 // after the first start_time; ToUS is not in it
	TTFTDeadlineUS int64
	TBTDeadlineUS  int64
}

// field is one parameter of a question's URL.
type field struct {
	name     string
	min, max int64
	of       func(*Question) *int64
}

const maxUS = int64(100 * 365 * 24 * time.Hour / time.Microsecond)

func fields() []field {
	return []field{
		{"from_us", 0, maxUS, func(q *Question) *int64 { return &q.FromUS }},
		{"to_us", 1, maxUS, func(q *Question) *int64 { return &q.ToUS }},
		{"ttft_deadline_us", 1, maxUS, func(q *Question) *int64 { return &q.TTFTDeadlineUS }},
		{"tbt_deadline_us", 1, maxUS, func(q *Question) *int64 { return &q.TBTDeadlineUS }},
	}
}

// ParseQuestion reads the query of a URL. A parameter that nobody knows is an error, so that
// none is ignored silently.
func ParseQuestion(values url.Values) (q Question, err error) {
	var names []string
	for _, f := range fields() {
		names = append(names, f.name)
		texts, ok := values[f.name]
		if !ok {
			continue
		}
		v, err := strconv.ParseInt(texts[0], 10, 64)
		if err != nil || len(texts) > 1 || v < f.min || v > f.max {
			return q, term.WithHint(fmt.Errorf("%s: %q is not one whole number from %d to %d", f.name, strings.Join(texts, ","), f.min, f.max),
				"times are in microseconds")
		}
		*f.of(&q) = v
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return q, term.WithHint(fmt.Errorf("%q cannot be asked", name), "ask for some of %s", strings.Join(names, ", "))
		}
	}
	if q.ToUS != 0 && q.ToUS <= q.FromUS {
		return q, fmt.Errorf("from %d to %d is not a window", q.FromUS, q.ToUS)
	}
	return q, nil
}

// config is the analysis that answers the question, where c is what the page was made with.
func (q Question) config(c analyze.Config) analyze.Config {
	duration := func(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
	// The page leaves out an end of the window that is the run's: what c selects stays its
	// bound there.
	if q.FromUS != 0 {
		c.Selection.From = schema.Offset(duration(q.FromUS))
	}
	if q.ToUS != 0 {
		c.Selection.To = schema.Offset(duration(q.ToUS))
	}
	if q.TTFTDeadlineUS != 0 {
		if c.Prefill != nil { // deadlines are what comes on top of its time
			c.PrefillSlack = duration(q.TTFTDeadlineUS)
		} else {
			c.TTFTDeadline = duration(q.TTFTDeadlineUS)
		}
	}
	if q.TBTDeadlineUS != 0 {
		c.TBTDeadline = duration(q.TBTDeadlineUS)
	}
	return c
}
