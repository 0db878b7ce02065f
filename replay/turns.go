package replay

import (
	"context"

	"github.com/google/uuid"
)

// turn is a request that others may wait for.
type turn struct {
	source   uuid.UUID // the row that it replays
	row      uuid.UUID // its own
	startUS  int64     // of the source, us since the Unix epoch
	lengthUS int64     // how long the source took, -1 where that is unknown
	cutUS    int64     // of idle gaps, before it

	said *spoken // nil where no history is kept

	done  chan struct{} // closed when it ended, however it ended
	endUS int64         // valid once done is closed
}

// end lets the turns that wait go on.
func (t *turn) end(atUS int64) {
	if t != nil {
		t.endUS = atUS
		close(t.done)
	}
}

// wait returns when the turn ended, or false when ctx did: then it may have ended without
// being sent, while an answer that it waited for still comes.
func (t *turn) wait(ctx context.Context) bool {
	select {
	case <-t.done:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// turns links each request to the one that it waits for: its parent where the
// trace names one, else the one before it in its session. It knows the sessions
// that have turns to come, and no others.
type turns map[string][]*turn

// add takes the next send of the plan, and gives its own turn, nil where nobody
// can wait for it, and the one before it, nil where there is none.
func (o turns) add(s Send, row uuid.UUID) (own, before *turn) {
	session := o[s.Row.SessionID]
	if s.Row.SessionID == "" || s.last && session == nil {
		return nil, nil
	}
	for _, t := range session {
		if before == nil || before.source != s.Row.ParentRecordID {
			before = t
		}
	}
	if s.last {
		delete(o, s.Row.SessionID)
		return nil, before
	}
	own = &turn{source: s.Source, row: row, startUS: s.Row.StartTime, lengthUS: -1, cutUS: s.cutUS, done: make(chan struct{})}
	if s.Row.End != nil {
		own.lengthUS = *s.Row.End
	}
	o[s.Row.SessionID] = append(session, own)
	return own, before
}

// thinkUS is how long after the end of before a request leaves, in the trace's
// time: as recorded, else as its times tell, else at once. What was cut of idle
// gaps between the two is no time to think.
func (s Send) thinkUS(before *turn) int64 {
	think := int64(0)
	switch {
	case s.Row.ThinkTime != nil:
		think = *s.Row.ThinkTime
	case before.lengthUS >= 0:
		think = s.Row.StartTime - before.startUS - before.lengthUS
	}
	return max(0, think-max(0, s.cutUS-before.cutUS))
}
