package capture

import (
	"time"

	"metron/schema"
)

const (
	stretchUS = 100                    // of decoding at a time
	rest      = 300 * time.Microsecond // and then so long for the traffic: a quarter of a core is the recorder's at most
	stepParts = 16                     // between two looks at the clock
)

// pace has the recorder stand back for the traffic every now and then. Where
// cores are few a goroutine that computes keeps the network from being looked
// at, for up to 10 ms: a round of decoding would be in the times of the tokens
// that pass meanwhile.
//
// Note: runtime.Gosched is not enough, since whoever yields is found again before
// the network is looked at. Nor is a thread of its own that the kernel ranks beneath
// the traffic, with a processor more in GOMAXPROCS: where cores are short it waits
// for one with Go code on its stack, and every stop of the collector with it, 15 to
// 34 ms of all traffic instead of 1 to 2.
type pace struct {
	clock   schema.Clock
	hurry   bool // nothing passes any more, or much is waiting
	parts   int
	beganUS int64
}

// step is told of each part.
func (p *pace) step() {
	if p.parts++; p.hurry || p.parts%stepParts != 0 {
		return
	}
	switch now := p.clock.NowUS(); {
	case p.beganUS == 0:
		p.beganUS = now
	case now-p.beganUS >= stretchUS:
		time.Sleep(rest)
		p.beganUS = p.clock.NowUS()
	}
}
