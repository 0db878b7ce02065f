//go:build unix

package replay

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"syscall"

	"metron/internal/exchange"
)

// stale reports whether a connection that nobody has used yet was closed by its
// server, or has something to say: a request on it might fail. With TLS servers do say
// something, before anybody asks: tickets for later sessions, or the settings of HTTP/2.
func stale(c net.Conn) bool {
	s := socket(c)
	if s == nil {
		return false
	}
	unread, open := peek(s)
	if _, secure := c.(*tls.Conn); secure {
		return !open || hasAlert(unread)
	}
	return !open || len(unread) > 0
}

// peek gives the first of what is there to be read, and whether more may come.
func peek(c *exchange.Conn) (unread []byte, open bool) {
	sys, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, true
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return nil, false
	}
	unread = make([]byte, 4<<10) // some tickets, and what follows them
	n := 0
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failed = syscall.Recvfrom(int(fd), unread, syscall.MSG_PEEK) // the descriptor never blocks
		return true
	})
	switch {
	case err != nil:
		return nil, false
	case failed == syscall.EAGAIN:
		return nil, true
	case failed != nil:
		return nil, false
	}
	return unread[:n], n > 0
}

// hasAlert reports whether one of TLS records is an alert, with which a server says that
// it closes. TLS 1.3 hides what a record is, but not its length, which no other message
// has: two bytes, the one that says what it is, and the tag of 16.
func hasAlert(records []byte) bool {
	const (
		header    = 5
		alert     = 21
		encrypted = 23
	)
	for len(records) >= header {
		length := int(binary.BigEndian.Uint16(records[3:]))
		if records[0] == alert || records[0] == encrypted && length == 2+1+16 {
			return true
		}
		records = records[min(len(records), header+length):]
	}
	return false
}
