package replay

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// slots caps the requests in flight, and says what becomes of one too many.
type slots struct {
	most   int
	policy Overload

	mu      sync.Mutex // guards what follows
	flying  list.List  // of *slot, the oldest first
	waiting list.List  // of *slot, the next first
}

// slot is a request's place in flight.
type slot struct {
	ctx     context.Context         // of the request
	cut     context.CancelCauseFunc // ends the request
	granted chan struct{}           // closed when it may go
	freeUS  int64                   // when a queued one's place was free, valid once granted
	queued  bool
	shed    bool
	at      *list.Element
}

// errMadeRoom is why the oldest request in flight was cut.
var errMadeRoom = errors.New("cut to make room for a newer request")

// enter takes a place for a request that is due now, in the order of the calls.
// Under Queue the slot may have to be waited for, under Shed there may be none.
func (s *slots) enter(ctx context.Context, cut context.CancelCauseFunc) *slot {
	n := &slot{ctx: ctx, cut: cut, granted: make(chan struct{})}
	if s == nil {
		close(n.granted)
		return n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flying.Len() >= s.most {
		switch s.policy {
		case Queue:
			n.queued, n.at = true, s.waiting.PushBack(n)
			return n
		case Shed:
			n.shed = true
			return n
		case Abort:
			oldest := s.flying.Remove(s.flying.Front()).(*slot)
			oldest.at = nil
			oldest.cut(errMadeRoom)
		}
	}
	n.at = s.flying.PushBack(n)
	close(n.granted)
	return n
}

// wait returns when the request may go, or false when ctx ended first.
func (s *slots) wait(ctx context.Context, n *slot) bool {
	select {
	case <-n.granted:
		return true
	default:
	}
	select {
	case <-n.granted:
		return true
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-n.granted: // at the same moment: the place must be left again
		return true
	default:
		s.waiting.Remove(n.at)
		return false
	}
}

// leave gives a place that was granted to the next that waits.
func (s *slots) leave(n *slot, atUS int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.at == nil {
		return // its place is taken: it was cut
	}
	s.flying.Remove(n.at)
	if first := s.waiting.Front(); first != nil {
		next := s.waiting.Remove(first).(*slot)
		next.freeUS, next.at = atUS, s.flying.PushBack(next)
		close(next.granted)
	}
}
