package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"metron/analyze/stat"
	"metron/internal/term"
	"metron/schema"
)

// Trim is what to leave out of a run at its ends, while it fills and drains. The zero
// value leaves nothing out.
type Trim struct {
	Head, Tail         time.Duration // by the start of requests
	HeadRows, TailRows int64         // or so many requests
	Steady             bool          // or whatever MSER-5 finds
}

// ParseTrim reads what to leave out at the beginning and, behind a comma, at the end: a
// time (30s) or a number of requests (100).
func ParseTrim(text string) (t Trim, err error) {
	head, tail, _ := strings.Cut(text, ",")
	if err = parseEnd(head, &t.Head, &t.HeadRows); err == nil && tail != "" {
		err = parseEnd(tail, &t.Tail, &t.TailRows)
	}
	return t, err
}

func parseEnd(text string, d *time.Duration, rows *int64) (err error) {
	if *rows, err = strconv.ParseInt(text, 10, 64); err == nil && *rows >= 0 {
		return nil
	}
	if *d, err = time.ParseDuration(text); err != nil || *d < 0 {
		return fmt.Errorf("%q is neither a time such as 30s nor a number of requests", text)
	}
	return nil
}

// IsZero reports whether nothing is left out.
func (t Trim) IsZero() bool { return t == Trim{} }

// String is the trim as it was written; "" is none.
func (t Trim) String() string {
	switch {
	case t.IsZero():
		return ""
	case t.Steady:
		return "steady"
	}
	end := func(d time.Duration, rows int64) string {
		if rows > 0 {
			return strconv.FormatInt(rows, 10)
		}
		return d.String()
	}
	return end(t.Head, t.HeadRows) + "," + end(t.Tail, t.TailRows)
}

// kept is the starts of requests that are kept; nil keeps all.
type kept struct {
	from, to   int64 // microseconds since the Unix epoch, both kept
	head, tail int64 // requests before and after it
	unsteady   bool  // steadiness was asked for and not found: all are kept
}

func (w *kept) excludes(start int64) bool { return w != nil && (start < w.from || start > w.to) }

// arrival is a request that asked a model, as far as trimming looks at it.
type arrival struct {
	start   int64
	value   float64 // TTFT, or the latency of an answer without token times
	settles bool    // it has a value that distributions cover
}

// keep reads the requests once and finds which to keep.
func (t Trim) keep(ctx context.Context, a *schema.Archive, c *Config) (*kept, error) {
	if t.IsZero() {
		return nil, nil
	}
	arrivals, err := readArrivals(ctx, a, c)
	if err != nil {
		return nil, err
	}
	if len(arrivals) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.start, b.start) })
	n := int64(len(arrivals))
	w := &kept{from: arrivals[0].start, to: arrivals[n-1].start}
	if t.Steady {
		w.settle(arrivals)
	} else {
		w.from += t.Head.Microseconds()
		w.to -= t.Tail.Microseconds()
		if t.HeadRows >= n || t.TailRows >= n-t.HeadRows { // their sum may be no int64
			w.to = w.from - 1 // keeps nothing
		} else {
			w.from = max(w.from, arrivals[t.HeadRows].start)
			w.to = min(w.to, arrivals[n-1-t.TailRows].start)
		}
	}
	for _, one := range arrivals {
		switch {
		case one.start < w.from:
			w.head++
		case one.start > w.to:
			w.tail++
		}
	}
	if w.head+w.tail == n {
		return nil, term.WithHint(fmt.Errorf("analyze %s: --trim %s leaves nothing of %s", a.Name(), t, requestsOf(n)), "trim less")
	}
	return w, nil
}

// settle finds where TTFT, in the order of the sends, becomes steady, and where, read
// backwards, it was so last.
func (w *kept) settle(arrivals []arrival) {
	steady := slices.DeleteFunc(slices.Clone(arrivals), func(a arrival) bool { return !a.settles })
	values := make([]float64, len(steady))
	for i, a := range steady {
		values[i] = a.value
	}
	from, to, ok := stat.Steady(values)
	if !ok {
		w.unsteady = true
		return
	}
	w.from, w.to = steady[from].start, steady[to-1].start
	if from == 0 {
		w.from = math.MinInt64
	}
	if to == len(steady) {
		w.to = math.MaxInt64
	}
}

func readArrivals(ctx context.Context, a *schema.Archive, c *Config) ([]arrival, error) {
	var out []arrival
	var tokens tokenTimes
	for b, err := range c.batches(ctx, a, c.columns()) {
		if err != nil {
			return nil, err
		}
		v, err := newView(b)
		if err != nil {
			return nil, fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		for i := range v.rows {
			var r request
			if err := v.row(i, &r.row); err != nil {
				return nil, fmt.Errorf("analyze %q: row %d: %w", b.File.Path(), b.Row(i)+1, err)
			}
			r.measure(&tokens, c)
			if !r.isLLM() {
				continue
			}
			one := arrival{start: r.startTime}
			if r.whyExcluded() == "" {
				value, why := r.first(r.sent)
				if why != "" {
					value, why = r.latency()
				}
				one.value, one.settles = value, why == ""
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// trimmed says what was left out; "" is nothing.
func (w *kept) trimmed(t Trim) string {
	switch {
	case w == nil:
		return ""
	case w.unsteady:
		return "no steady state was found (MSER-5 over TTFT in the order of the sends): nothing was left out"
	case t.Steady:
		return fmt.Sprintf("steady state by MSER-5 over TTFT: the first %s and the last %s are left out", requestsOf(w.head), requestsOf(w.tail))
	}
	return fmt.Sprintf("trimmed by %s: the first %s and the last %s are left out", t, requestsOf(w.head), requestsOf(w.tail))
}
