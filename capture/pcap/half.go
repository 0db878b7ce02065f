package pcap

import (
	"slices"
	"sort"
)

const (
	// A hole that the other side has acknowledged was received there: it is not
	// sent again, only packets of the capture can still be out of order.
	ackedWaitUS = 1_000_000
	// One that it has not may be filled by a retransmission, of which each waits
	// twice as long as the one before.
	holeWaitUS = 30_000_000
	// maxPending bounds what waits behind a hole of one direction.
	maxPending = 8 << 20
	// pieceCost stands for what a piece that waits takes beside its bytes: its place and
	// its packet's memory, about 128 bytes, and the time to move it for each that comes
	// before it. With 512, what 16,000 pieces of a byte take is under a second.
	pieceCost = 512
)

// piece is a run of bytes of one direction.
type piece struct {
	seq  uint32
	data []byte
	atUS int64 // when it became readable
	read int32 // number of the delivery, the server's only
	ack  uint32
	acks bool
	gap  bool // bytes before it were not captured; it has none itself
}

// from leaves the first n bytes out.
func (p piece) from(n int) piece {
	p.seq, p.data = p.seq+uint32(n), p.data[n:]
	return p
}

func (p *piece) end() uint32 { return p.seq + uint32(len(p.data)) }

// after is how far a sequence number lies beyond another.
func after(a, b uint32) int { return int(int32(a - b)) }

// half puts the segments of one direction of a connection in order.
type half struct {
	synced  bool    // next is known
	next    uint32  // sequence number of the next byte
	pending []piece // beyond a hole: by seq, none overlapping another
	bytes   int     // of pending, and pieceCost each

	ackTo           uint32 // the highest acknowledgement
	holeUS, ackedUS int64  // since when there is a hole, and since when it is acknowledged; 0: not

	readUS int64 // of the last byte that was delivered

	ends  bool // a FIN or RST was seen,
	reset bool // the latter,
	endAt uint32
	ended bool // and reached
}

// Kinds of segments, by what they bring.
const (
	inOrder = iota
	seenBefore
	aheadOfTime
)

// add takes a segment's bytes and gives those that became readable.
func (h *half) add(p piece) (ready []piece, kind int) {
	if h.synced {
		if old := after(h.next, p.seq); old > 0 {
			if old >= len(p.data) {
				return nil, seenBefore
			}
			p = p.from(old)
		}
	}
	if !h.synced || p.seq != h.next {
		h.insert(p)
		if h.holeUS == 0 {
			h.holeUS = p.atUS
		}
		return nil, aheadOfTime
	}
	if len(h.pending) > 0 { // the packet may reach into what is there
		if room := after(h.pending[0].seq, p.seq); room < len(p.data) {
			h.insert(p.from(room))
			p.data = p.data[:room]
		}
	}
	h.next = p.end()
	return append([]piece{p}, h.run(p.atUS)...), inOrder
}

// sync says where the bytes begin, and gives those that were there before.
func (h *half) sync(next uint32, nowUS int64) (ready []piece) {
	if h.synced {
		return nil
	}
	waiting := h.pending
	*h = half{synced: true, next: next, ackTo: next, readUS: h.readUS, ends: h.ends, reset: h.reset, endAt: h.endAt}
	for _, p := range waiting {
		p.atUS = nowUS
		more, _ := h.add(p)
		ready = append(ready, more...)
	}
	return ready
}

// run takes what follows without a hole. atUS is when it became readable; 0: each
// piece at its own time.
func (h *half) run(atUS int64) (ready []piece) {
	for len(h.pending) > 0 && h.pending[0].seq == h.next {
		p := h.pending[0]
		h.pending = h.pending[1:]
		h.bytes -= len(p.data) + pieceCost
		h.next = p.end()
		if atUS != 0 {
			p.atUS = atUS
		}
		ready = append(ready, p)
	}
	h.ackedUS = 0
	if len(h.pending) == 0 {
		h.pending, h.holeUS = nil, 0
	}
	return ready
}

// insert files a piece among those that wait; where two overlap the first stays.
func (h *half) insert(p piece) {
	i := sort.Search(len(h.pending), func(i int) bool { return after(h.pending[i].seq, p.seq) > 0 })
	if i > 0 {
		if over := after(h.pending[i-1].end(), p.seq); over >= len(p.data) {
			return
		} else if over > 0 {
			p = p.from(over)
		}
	}
	for len(p.data) > 0 {
		n := len(p.data)
		if i < len(h.pending) {
			n = max(0, min(n, after(h.pending[i].seq, p.seq)))
		}
		if n > 0 {
			part := p
			part.data = p.data[:n:n]
			h.pending = slices.Insert(h.pending, i, part)
			h.bytes += n + pieceCost
			i++
		}
		if i == len(h.pending) {
			return
		}
		p = p.from(min(len(p.data), n+len(h.pending[i].data)))
		i++
	}
}

// acked is told of the other side's acknowledgement: what it covers was received,
// so what of that has not come here is missing in the capture.
func (h *half) acked(ack uint32, nowUS int64) {
	if !h.synced {
		return
	}
	if h.ends && after(ack, h.endAt) > 0 { // of the FIN itself
		ack = h.endAt
	}
	if after(ack, h.ackTo) > 0 {
		h.ackTo = ack
	}
	if h.ackedUS == 0 && after(h.ackTo, h.next) > 0 {
		h.ackedUS = nowUS
		if h.holeUS == 0 {
			h.holeUS = nowUS
		}
	}
}

// finish is told of a FIN or RST at a sequence number.
func (h *half) finish(seq uint32, reset bool, nowUS int64) {
	switch {
	case h.ended, h.synced && after(seq, h.next) < 0: // a receiver drops it, too
	case !h.ends || reset:
		h.ends, h.reset, h.endAt = true, reset, seq
		if h.synced && after(h.ackTo, seq) > 0 {
			h.ackTo = seq
		}
		if h.synced && seq != h.next && h.holeUS == 0 {
			h.holeUS = nowUS
		}
	}
}

// reached reports, once, that all before the FIN or RST was read.
func (h *half) reached() bool {
	if h.ended || !h.ends || h.synced && after(h.endAt, h.next) > 0 || len(h.pending) > 0 {
		return false
	}
	h.ended = true
	return true
}

// waits reports whether something is there that a hole keeps back.
func (h *half) waits() bool {
	return len(h.pending) > 0 || h.synced && (h.ends && after(h.endAt, h.next) > 0 || after(h.ackTo, h.next) > 0)
}

// hopeless reports whether nothing will fill the hole any more.
func (h *half) hopeless(nowUS int64) bool {
	if !h.waits() {
		h.holeUS, h.ackedUS = 0, 0
	}
	return h.holeUS != 0 && (nowUS-h.holeUS > holeWaitUS || h.ackedUS != 0 && nowUS-h.ackedUS > ackedWaitUS || h.bytes > maxPending)
}

// giveUp skips the hole: how many bytes are missing, and what comes after it.
func (h *half) giveUp() (missing int, ready []piece) {
	to := h.next
	switch {
	case len(h.pending) > 0:
		to = h.pending[0].seq
	case h.ends:
		to = h.endAt
	case h.synced && after(h.ackTo, h.next) > 0:
		to = h.ackTo
	}
	if h.synced {
		missing = max(0, after(to, h.next))
	}
	if !h.synced {
		h.ackTo = to
	}
	h.synced, h.next, h.holeUS = true, to, 0
	ready = h.run(0)
	if len(h.pending) > 0 {
		h.holeUS = h.pending[0].atUS
	}
	return missing, ready
}
