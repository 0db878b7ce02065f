package capture

import "sync/atomic"

// lag says how far the journal is behind the traffic: the part of an exchange
// that the recorder has in hand, which is the oldest there is, or the oldest row
// that waits for a flush. It may be read while the recorder hangs.
type lag struct {
	inHandUS atomic.Int64 // when the part in hand was read; 0: none
	waitedUS atomic.Int64 // how long the oldest row had waited when last looked at
}

// took is told of the part that the recorder works on, and done of its end.
func (l *lag) took(p *part) {
	at := p.atUS
	if p.ending != nil {
		at = p.ending.AtUS
	}
	l.inHandUS.Store(at)
}

func (l *lag) done() { l.inHandUS.Store(0) }

func (l *lag) us(nowUS int64) int64 {
	if at := l.inHandUS.Load(); at != 0 {
		return max(nowUS-at, l.waitedUS.Load())
	}
	return l.waitedUS.Load()
}
