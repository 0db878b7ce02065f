package replay

import (
	"errors"
	"fmt"
	"time"

	"metron/schema"
)

// Aborts is how clients that left in the trace leave again; "" is AbortsOff.
type Aborts string

const (
	AbortsTime   Aborts = "time"   // as long after the send
	AbortsTokens Aborts = "tokens" // after as many tokens; those that had none yet, by time
	AbortsOff    Aborts = "off"    // they stay
)

// ParseAborts reads the name of one.
func ParseAborts(text string) (Aborts, error) {
	switch a := Aborts(text); a {
	case AbortsTime, AbortsTokens, AbortsOff:
		return a, nil
	}
	return "", fmt.Errorf("%q is none of time, tokens, off", text)
}

// departure is when a client leaves; the zero value never does.
type departure struct {
	after  time.Duration // after the send; 0: it does not count
	tokens int64         // that it has seen; 0: they do not count
}

func (p departure) ends() bool { return p != departure{} }

// errLeft is why a request ended whose client left in the trace, too.
var errLeft = errors.New("the client leaves, as it did in the trace")

// departureOf is that of the client of a recorded row.
func (a Aborts) departureOf(r *schema.Record) departure {
	if a == "" || a == AbortsOff || r.Outcome != schema.OutcomeClientAbort || r.ClientAbort == nil {
		return departure{}
	}
	sentUS := int64(0)
	if r.Dispatched != nil {
		sentUS = *r.Dispatched
	}
	if a == AbortsTokens {
		seen := 0
		for seen < len(r.ChunkTime) && r.ChunkTime[seen] <= *r.ClientAbort {
			seen++
		}
		if n := chunkTokens(r, seen); n > 0 {
			return departure{tokens: n}
		}
	}
	return departure{after: time.Duration(max(1, *r.ClientAbort-sentUS)) * time.Microsecond}
}
