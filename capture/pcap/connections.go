package pcap

import (
	"net/netip"
	"slices"
)

const (
	maxConnections = 1 << 16
	idleUS         = 900_000_000 // a connection without a packet for so long is given up
	keepUS         = 10_000_000  // how long one that ended is known, for packets that come again
	sweepUS        = 1_000_000
)

func (r *Reader) segment(s *segment) {
	if c := r.connection(s); c != nil {
		c.take(s)
	}
}

// connection finds or begins the connection of a segment; nil: it belongs to none
// that can be followed.
func (r *Reader) connection(s *segment) *conn {
	key := pairOf(s)
	c := r.conns[key]
	opens := s.syn && !s.acks
	switch {
	case c == nil:
	case opens && (!c.dialog.fromSYN || c.isn != s.seq): // the ports are used again
		c.stop(errorEnd)
	default:
		return c
	}
	client, server := s.from, s.to
	switch {
	case opens:
	case s.syn:
		client, server = server, client
	case !startsRequest(s.data):
		if len(s.data) > 0 && r.wants(s.from, s.to) {
			r.counts.strays++
		}
		return nil
	}
	if !r.serves(server) {
		return nil
	}
	if c == nil && len(r.conns) >= maxConnections {
		r.counts.overLimit++
		return nil
	}
	c = &conn{reader: r, key: key, client: client, dialog: newDialog(r)}
	r.counts.connections++
	switch {
	case opens:
		c.isn, c.dialog.fromSYN = s.seq, true
	case s.syn:
		c.isn, c.dialog.fromSYN = s.ack-1, true
	default: // all before it was answered, or the client would not ask again
		c.requests.sync(s.seq, s.atUS)
		r.counts.taken++
	}
	if r.conns == nil {
		r.conns = map[pair]*conn{}
	}
	r.conns[key] = c
	r.order = append(r.order, c)
	return c
}

// serves reports whether an address is one of the servers'.
func (r *Reader) serves(server netip.AddrPort) bool {
	return len(r.Servers) == 0 || slices.ContainsFunc(r.Servers, func(a netip.AddrPort) bool {
		return a.Port() == server.Port() && (a.Addr().IsUnspecified() || a.Addr() == server.Addr().Unmap())
	})
}

func (r *Reader) wants(from, to netip.AddrPort) bool { return r.serves(from) || r.serves(to) }

// sweep gives up what waits in vain, and forgets what has ended.
func (r *Reader) sweep() {
	r.order = slices.DeleteFunc(r.order, func(c *conn) bool {
		switch {
		case c.doneUS == 0 && r.nowUS-c.nowUS > idleUS:
			c.stop(errorIdle)
		case c.doneUS == 0:
			c.settle(r.nowUS)
		}
		gone := c.doneUS != 0 && r.nowUS-c.doneUS > keepUS
		if gone && r.conns[c.key] == c {
			delete(r.conns, c.key)
		}
		return gone
	})
}

// finish ends what is open when the capture does.
func (r *Reader) finish() {
	for _, c := range r.order {
		c.stop(errorEnd)
	}
	r.order, r.conns = nil, nil
}
