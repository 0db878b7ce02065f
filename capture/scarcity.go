package capture

import (
	"errors"
	"fmt"
	"log"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"metron/internal/descriptors"
	"metron/internal/term"
)

// scarcity tells when the system's limit of open files is reached: what it is,
// and what needs so many.
type scarcity struct {
	inFlight *atomic.Int64
	log      *log.Logger
	told     atomic.Int64 // when, in s
}

// tell logs it, once a second at most, and says it.
func (s *scarcity) tell() string {
	limit, _ := descriptors.Limit()
	text := fmt.Sprintf("the limit of open files, %s, is reached: %s requests in flight need two each, or one on an HTTP/2 connection; raise the hard limit (ulimit -Hn, LimitNOFILE= of a systemd unit)",
		term.Count(int64(limit)), term.Count(s.inFlight.Load()))
	if now := time.Now().Unix(); s.told.Swap(now) != now {
		s.log.Print(text)
	}
	return text
}

// frugal is a listener whose clients wait where no descriptor is left for them.
type frugal struct {
	net.Listener
	scarce *scarcity
}

// Accept says why a connection cannot be taken now.
func (f frugal) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if errors.Is(err, syscall.EMFILE) {
		f.scarce.tell()
	}
	return c, err
}
