package linked

import "metron/analyze/clock"

// maxBins is how many bins there are at most.
const maxBins = 512

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

// Bins cuts a run into at most maxBins bins of time.
type Bins struct{ *clock.Clock[Bin] }

// NewBins begins a bin at origin, us since the Unix epoch: what the offsets of --from
// and --to count from.
func NewBins(origin int64) Bins { return Bins{clock.New(origin, maxBins, (*Bin).merge)} }

// Fly adds a request that was in flight from one moment to another.
func (b Bins) Fly(from, to int64) {
	from, to = clock.Clamp(from), clock.Clamp(to)
	if to <= from {
		return
	}
	b.Cover(from, to)
	for at := from; at < to; {
		i := b.Index(at)
		end := min(to, b.Starts(i+1))
		b.Bins[i].InFlight += end - at
		at = end
	}
}

// Merge adds what o counted, bins of the same origin.
func (b Bins) Merge(o Bins) { b.Clock.Merge(o.Clock) }
