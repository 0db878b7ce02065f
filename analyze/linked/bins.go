package linked

import "math"

// maxBins is how many bins there are at most.
const maxBins = 512

// finestUS is the width of a bin to begin with: 1/64 s. Doubled again and again it becomes
// whole seconds, which read well on an axis.
const finestUS = 15_625

// Bin is what is known of a stretch of time.
type Bin struct {
	// Of the requests that started in it.
	Requests           int64 // rows, of any phase and outcome
	Measured, OK       int64 // rows of phase measure, and those of them that were answered
	Input, Output      int64 // tokens of the OK ones
	NoInput, NoOutput  int64 // OK ones that do not say how many
	FirstSend, LastEnd Moment
	TTFT, TBT          Counts
	TTFTSum, TBTSum    int64
	E2ESum, E2E        int64 // of those that have a latency, and how many do
	Met, Missed        int64 // deadlines of tokens

	// Of what happened in it, whenever the request started.
	Tokens   int64 // that came
	InFlight int64 // microseconds that measured requests were in flight, of all together
}

// Moment is a time that may not be known.
type Moment struct {
	US    int64
	Known bool
}

func (m *Moment) earlier(o Moment) {
	if o.Known && (!m.Known || o.US < m.US) {
		*m = o
	}
}

func (m *Moment) later(o Moment) {
	if o.Known && (!m.Known || o.US > m.US) {
		*m = o
	}
}

// Span widens the time from the first send to the last end; an end may be unknown.
func (b *Bin) Span(send int64, end Moment) {
	b.FirstSend.earlier(Moment{send, true})
	b.LastEnd.later(end)
}

// merge adds what o counted.
func (b *Bin) merge(o *Bin) {
	for _, p := range []struct{ to, from *int64 }{
		{&b.Requests, &o.Requests}, {&b.Measured, &o.Measured}, {&b.OK, &o.OK},
		{&b.Input, &o.Input}, {&b.Output, &o.Output}, {&b.NoInput, &o.NoInput}, {&b.NoOutput, &o.NoOutput},
		{&b.TTFTSum, &o.TTFTSum}, {&b.TBTSum, &o.TBTSum}, {&b.E2ESum, &o.E2ESum}, {&b.E2E, &o.E2E},
		{&b.Met, &o.Met}, {&b.Missed, &o.Missed}, {&b.Tokens, &o.Tokens}, {&b.InFlight, &o.InFlight},
	} {
		*p.to += *p.from
	}
	b.FirstSend.earlier(o.FirstSend)
	b.LastEnd.later(o.LastEnd)
	b.TTFT.Merge(&o.TTFT)
	b.TBT.Merge(&o.TBT)
}

// Bins cuts a run into at most maxBins bins of one width, which doubles as the run turns out
// longer. Bin i covers the width from Origin + i*Width on.
type Bins struct {
	origin, width int64
	first         int64 // the index of bins[0]
	bins          []Bin
}

// NewBins begins a bin at origin, us since the Unix epoch: what the offsets of --from
// and --to count from.
func NewBins(origin int64) *Bins { return &Bins{origin: clamp(origin), width: finestUS} }

// clamp keeps the moments of a clock gone mad from overflowing.
func clamp(us int64) int64 { return max(math.MinInt64/8, min(us, math.MaxInt64/8)) }

// At is the bin of a moment, to be used before the next call.
func (b *Bins) At(us int64) *Bin {
	if i := b.index(us) - b.first; uint64(i) < uint64(len(b.bins)) {
		return &b.bins[i]
	}
	b.cover(us, us)
	return &b.bins[b.index(us)-b.first]
}

func (b *Bins) index(us int64) int64 { return floor(clamp(us)-b.origin, b.width) }

func floor(a, by int64) int64 {
	if a < 0 {
		return -((-a + by - 1) / by)
	}
	return a / by
}

// cover makes bins from one moment to another, wider ones where there would be too many.
func (b *Bins) cover(from, to int64) {
	for {
		first, last := b.index(from), b.index(to)
		if n := int64(len(b.bins)); n > 0 {
			first, last = min(first, b.first), max(last, b.first+n-1)
		} else {
			b.first = first
		}
		if last-first < maxBins {
			if first < b.first {
				b.bins = append(make([]Bin, b.first-first), b.bins...)
				b.first = first
			}
			for b.first+int64(len(b.bins)) <= last {
				b.bins = append(b.bins, Bin{})
			}
			return
		}
		b.widen()
	}
}

// widen joins each pair of bins.
func (b *Bins) widen() {
	first := floor(b.first, 2)
	joined := b.bins[:0]
	for i := range b.bins {
		to := floor(b.first+int64(i), 2) - first
		if to == int64(len(joined)) {
			joined = append(joined, b.bins[i])
		} else {
			joined[to].merge(&b.bins[i])
		}
	}
	clear(b.bins[len(joined):])
	b.bins, b.first, b.width = joined, first, b.width*2
}

// Fly adds a request that was in flight from one moment to another.
func (b *Bins) Fly(from, to int64) {
	from, to = clamp(from), clamp(to)
	if to <= from {
		return
	}
	b.cover(from, to)
	for at := from; at < to; {
		i := b.index(at)
		end := min(to, b.origin+(i+1)*b.width)
		b.bins[i-b.first].InFlight += end - at
		at = end
	}
}

// Merge adds what o counted, bins of the same origin.
func (b *Bins) Merge(o *Bins) {
	if len(o.bins) == 0 {
		return
	}
	for b.width < o.width {
		b.widen()
	}
	for o.width < b.width {
		o.widen()
	}
	b.cover(o.origin+o.first*o.width, o.origin+(o.first+int64(len(o.bins)))*o.width-1)
	for o.width < b.width {
		o.widen()
	}
	for i := range o.bins {
		b.bins[o.first+int64(i)-b.first].merge(&o.bins[i])
	}
}
