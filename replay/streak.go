package replay

import (
	"context"
	"errors"
	"sync"
)

// errStreak is why a run stops by itself.
var errStreak = errors.New("too many requests in a row failed")

// streak stops a run when so many requests in a row have failed.
type streak struct {
	most int                     // 0: it never does
	stop context.CancelCauseFunc // ends the sending

	mu  sync.Mutex // guards what follows
	now int        // failures since the last success
}

// add takes how a request ended, in the order of the ends.
func (s *streak) add(failed bool) {
	if s.most == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !failed {
		s.now = 0
		return
	}
	if s.now++; s.now == s.most {
		s.stop(errStreak)
	}
}
