package llmsim

import (
	"fmt"
	"time"
)

// Faults says what goes wrong. Each rate is a share of the requests that were
// understood, drawn from the seed and the request's number; a request has at
// most one fault. Faults in a stream strike after some of its tokens.
type Faults struct {
	HTTPError   float64       // an HTTP error instead of an answer
	HTTPStatus  int           // its status; 0: 500
	StreamError float64       // an error event, then [DONE] where the API has it
	Cut         float64       // the connection is closed inside the body
	Reset       float64       // the connection is reset inside the body
	Truncate    float64       // the body ends in good order without its last events
	Stall       float64       // nothing is sent for StallFor, then what was held back
	StallFor    time.Duration // 0: 2s
}

type faultKind int

const (
	faultNone faultKind = iota
	faultHTTPError
	faultStreamError
	faultCut
	faultReset
	faultTruncate
	faultStall
)

// fault is what happens to one request.
type fault struct {
	kind     faultKind
	position float64 // where in the answer, 0 to 1
}

type faultRate struct {
	kind faultKind
	rate float64
}

func (f Faults) rates() []faultRate {
	return []faultRate{
		{faultHTTPError, f.HTTPError}, {faultStreamError, f.StreamError}, {faultCut, f.Cut},
		{faultReset, f.Reset}, {faultTruncate, f.Truncate}, {faultStall, f.Stall},
	}
}

func (f Faults) check() error {
	sum := 0.0
	for _, r := range f.rates() {
		if !(r.rate >= 0 && r.rate <= 1) {
			return fmt.Errorf("a fault rate is %v, want a share from 0 to 1", r.rate)
		}
		sum += r.rate
	}
	switch {
	case sum > 1+1e-9:
		return fmt.Errorf("fault rates add up to %v: a request has at most one fault, so at most 1", sum)
	case f.HTTPStatus < 400 || f.HTTPStatus > 599:
		return fmt.Errorf("fault status is %d, want 400 to 599", f.HTTPStatus)
	case f.StallFor < 0:
		return fmt.Errorf("stall duration is %v, want 0 or more", f.StallFor)
	}
	return nil
}

// draw decides the fate of a request.
func (f Faults) draw(seed, request uint64) fault {
	h := mix(mix(seed^0xfa017) + request)
	u := unit(h)
	for _, r := range f.rates() {
		if u < r.rate {
			return fault{r.kind, unit(mix(h))}
		}
		u -= r.rate
	}
	return fault{}
}

// after is the number of tokens that are sent before the fault: at least one,
// and not all where there are several.
func (f fault) after(tokens int) int {
	return 1 + int(f.position*float64(tokens-1))
}

// unit maps a hash to [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }
