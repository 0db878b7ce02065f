package replay

import (
	"math"

	"metron/internal/forms"
	"metron/schema"
)

// pass walks the rows of one pass over the trace in order and says where each
// stands in the schedule: pure arithmetic, the same for whoever walks, so that
// shards that each see all rows agree.
type pass struct {
	p     *Plan
	index int64 // rows placed so far, those of other shards among them
	atUS  int64 // the last one's offset, before idle gaps are cut
	cutUS int64 // cut out of them so far
}

// place is where a row stands within its pass, before the schedule is scaled.
type place struct {
	index    int64 // among the rows of all shards
	offsetUS int64 // after the first moment of the window, without what was cut of idle gaps
	cutUS    int64 // what was
	mine     bool  // this shard sends it
}

// full reports whether the limit was reached: no further row has a place.
func (w *pass) full() bool { return w.p.Limit > 0 && w.index >= w.p.Limit }

// add places the next row; false leaves it out. id is asked only where it matters.
func (w *pass) add(startUS int64, id func() identity) (place, bool) {
	p := w.p
	if w.full() || p.Sample > 0 && !p.Sample.sampled(id(), p.SampleSeed) {
		return place{}, false
	}
	w.idle(startUS - p.firstUS)
	at := place{index: w.index, offsetUS: w.atUS - w.cutUS, cutUS: w.cutUS, mine: p.Shard.Count <= 1 || p.Shard.holds(id())}
	w.index++
	return at, true
}

// idle moves to an offset and cuts what is too long of the gap before it.
func (w *pass) idle(offsetUS int64) {
	if gap, most := offsetUS-w.atUS, w.p.MaxIdleGap.Microseconds(); most > 0 && gap > most {
		w.cutUS += gap - most
	}
	w.atUS = offsetUS
}

// lengthUS is how long the pass lasts: to the end of the window where the
// selection has one, else one mean gap beyond the last row, which keeps the mean rate when
// passes follow each other.
func (w *pass) lengthUS(toUS int64) int64 {
	if toUS != math.MaxInt64 && !w.full() {
		end := *w
		end.idle(toUS - w.p.firstUS)
		return end.atUS - end.cutUS
	}
	last := w.atUS - w.cutUS
	if w.index < 2 || last == 0 {
		return 0
	}
	return last + max(1, last/(w.index-1))
}

// replayable reports whether a row can be sent: one of an API that has a form, and in
// no other one's form any whose body was recorded. The rest (a health check
// that passed a capture) is skipped and counted.
func (p *Plan) replayable(api, recorded string) bool {
	return forms.Known(api) || p.Form == "" && recorded == schema.RecordedContent
}
