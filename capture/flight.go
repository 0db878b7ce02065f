package capture

import (
	"net/http"
	"sync/atomic"

	"metron/internal/exchange"
)

// flight is one request on its way through. Whoever forwards it writes the first
// fields, each before the part that it belongs to is queued; the rest belongs to
// the recorder's goroutine.
type flight struct {
	recorder *recorder
	dropped  atomic.Bool // there was no room: its record is given up
	unwanted atomic.Bool // sampled out or filtered out: its bytes are not asked for

	lost    bool // its very beginning found no room
	begun   *requestHead
	asked   []byte // its body, until the recorder has taken it
	status  int
	header  http.Header
	moments exchange.Moments
	ending  exchange.Ending

	exchange *exchange.Exchange
	segment  *segment
	turn     *turn
	held     int64 // of the budget
	latest   *item // of those that each has seen
	degraded string
}

// flightCost is about what a request in flight takes of the budget beside what its
// exchange holds.
const flightCost = 1 << 10

// begin starts the record of a request whose head was read at startUS; neither
// body nor the head's fields are copied, and must not change.
func (r *recorder) begin(startUS int64, head *requestHead, body []byte) *flight {
	r.counts.add(tally{seen: 1})
	held := flightCost + int64(len(body))
	f := &flight{recorder: r, begun: head, asked: body, held: held}
	room := r.budget.take(held, false)
	if room && !r.queue.put(item{flight: f, kind: partBegin, atUS: startUS}, nil, false) {
		r.budget.give(held)
		room = false
	}
	if !room {
		f.begun, f.asked, f.held, f.lost = nil, nil, 0, true
		f.drop()
		r.lost.Add(1)
	}
	return f
}

// head takes the head of the response; header must not change.
func (f *flight) head(status int, header http.Header, atUS int64) {
	f.status, f.header = status, header
	f.put(item{kind: partHead, atUS: atUS}, nil)
}

// body takes the bytes of one read. It copies them, and never waits.
func (f *flight) body(p []byte, atUS int64, read int32) {
	f.put(item{kind: partBody, atUS: atUS, read: read}, p)
}

// end takes how it ended. It finds room always, so that no file is held open for
// a request that is over.
func (f *flight) end(m exchange.Moments, e exchange.Ending) {
	if f.lost {
		return
	}
	f.moments, f.ending = m, e
	f.recorder.queue.put(item{flight: f, kind: partEnd}, nil, true)
}

// put hands a part over. When there is no room the whole record is given up.
func (f *flight) put(it item, data []byte) {
	if f.dropped.Load() || f.unwanted.Load() {
		return
	}
	if it.flight = f; !f.recorder.queue.put(it, data, false) {
		f.drop()
		f.recorder.queue.put(item{flight: f, kind: partBody}, nil, true) // what it held is freed now, not at its end
	}
}

// drop gives the record up.
func (f *flight) drop() {
	if !f.dropped.Swap(true) {
		f.recorder.counts.add(tally{dropped: 1})
	}
}
