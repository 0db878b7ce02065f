package pcap

import "net/netip"

// pair names a connection: its ends, the lower first.
type pair struct{ a, b netip.AddrPort }

func pairOf(s *segment) pair {
	if s.from.Compare(s.to) <= 0 {
		return pair{s.from, s.to}
	}
	return pair{s.to, s.from}
}

// conn is one connection.
type conn struct {
	reader    *Reader
	key       pair
	client    netip.AddrPort
	requests  half // of the client's bytes
	responses half // of the server's
	dialog    *dialog
	isn       uint32 // of the client, where fromSYN
	reads     int32  // deliveries of the server's bytes
	nowUS     int64  // never falls
	held      int    // of the reader's memory, for what waits behind holes
	doneUS    int64  // ended then; what comes after is a copy of what was there
}

// take takes a segment of this connection.
func (c *conn) take(s *segment) {
	c.nowUS = max(c.nowUS, s.atUS)
	if c.doneUS != 0 {
		return
	}
	mine, other := &c.requests, &c.responses
	fromClient := s.from == c.client
	if !fromClient {
		mine, other = other, mine
	}
	if s.syn {
		c.deliver(fromClient, mine.sync(s.seq+1, c.nowUS))
		if s.acks {
			c.deliver(!fromClient, other.sync(s.ack, c.nowUS))
		}
		s.seq++ // data beside a SYN comes after it
	} else if s.acks && fromClient && !s.rst {
		c.deliver(false, other.sync(s.ack, c.nowUS))
	}
	if s.acks {
		other.acked(s.ack, c.nowUS)
	}
	if len(s.data) > 0 && !mine.ended {
		ready, kind := mine.add(piece{seq: s.seq, data: s.data, atUS: c.nowUS, ack: s.ack, acks: s.acks})
		switch kind {
		case seenBefore:
			c.reader.counts.retransmitted++
		case inOrder:
			c.reader.counts.reordered += int64(len(ready) - 1)
		}
		c.deliver(fromClient, ready)
	}
	switch {
	case s.rst && mine.ended && !mine.reset: // after its FIN: whoever it was does not read any more
		mine.reset = true
		c.gone(fromClient, true)
	case s.fin || s.rst:
		mine.finish(s.seq+uint32(len(s.data)+s.missing), s.rst, c.nowUS)
	}
	c.settle(c.nowUS)
	switch waiting := c.requests.bytes + c.responses.bytes; {
	case waiting == c.held:
	case c.reader.hold(waiting - c.held):
		c.held = waiting
	default:
		c.reader.counts.overLimit++
		c.stop(errorLimit)
	}
}

// deliver passes on what became readable at once.
func (c *conn) deliver(fromClient bool, ready []piece) {
	if len(ready) == 0 {
		return
	}
	if !fromClient {
		c.reads++
	}
	h := c.half(fromClient)
	for _, p := range ready {
		h.readUS = max(h.readUS, p.atUS) // what waited behind a hole may be older than what came before it
		p.atUS, p.read = h.readUS, c.reads
		c.pass(fromClient, p)
	}
}

func (c *conn) pass(fromClient bool, p piece) {
	switch {
	case c.dialog.opaque:
	case fromClient:
		c.dialog.fromClient(p)
	default:
		c.dialog.fromServer(p)
	}
}

// settle gives up the holes that nothing will fill, and ends what has ended.
func (c *conn) settle(nowUS int64) {
	for _, fromClient := range []bool{true, false} {
		h := c.half(fromClient)
		for h.hopeless(nowUS) {
			c.skip(fromClient)
		}
		if h.reached() {
			c.gone(fromClient, h.reset)
		}
	}
	if c.requests.ended && c.responses.ended || c.requests.ended && c.requests.reset || c.responses.ended && c.responses.reset {
		c.stop(errorEnd)
	}
}

func (c *conn) half(fromClient bool) *half {
	if fromClient {
		return &c.requests
	}
	return &c.responses
}

// skip gives a hole up: what comes after it has its own times.
func (c *conn) skip(fromClient bool) {
	missing, ready := c.half(fromClient).giveUp()
	c.reader.counts.gaps++
	c.reader.counts.gapBytes += int64(missing)
	c.pass(fromClient, piece{gap: true})
	for _, p := range ready {
		c.deliver(fromClient, []piece{p})
	}
}

func (c *conn) gone(fromClient, reset bool) {
	switch {
	case c.dialog.opaque:
	case fromClient:
		c.dialog.clientGone(reset, c.nowUS)
	default:
		c.dialog.serverGone(reset, c.nowUS)
	}
}

// stop ends it; why is said of requests that are still in flight.
func (c *conn) stop(why string) {
	if c.doneUS != 0 {
		return
	}
	for _, fromClient := range []bool{true, false} {
		h := c.half(fromClient)
		for why != errorLimit && h.waits() {
			c.skip(fromClient)
		}
		if h.reached() {
			c.gone(fromClient, h.reset)
		}
	}
	c.dialog.stop(why)
	c.doneUS = max(1, c.nowUS)
	c.reader.release(c.held)
	c.held = 0
	c.requests, c.responses = half{}, half{}
}
