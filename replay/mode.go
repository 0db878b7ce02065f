package replay

import (
	"errors"
	"fmt"
)

// Mode is what a request waits for.
type Mode string

const (
	Open    Mode = "open"    // its time, and nothing else
	Session Mode = "session" // its time, and the end of the turn before it plus the recorded think time
	Closed  Mode = "closed"  // one of Users that is free: each sends the turns of a session, then takes the next one
	ASAP    Mode = "asap"    // one of Users that is free: each takes request after request
)

// ParseMode reads a mode's name.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case Open, Session, Closed, ASAP:
		return m, nil
	}
	return "", fmt.Errorf("%q is none of open, session, closed, asap", text)
}

// scheduled reports whether requests have a time of their own.
func (m Mode) scheduled() bool { return m != Closed && m != ASAP }

// ordered reports whether the turns of a session follow each other.
func (m Mode) ordered() bool { return m == Session || m == Closed }

// Overload is what becomes of a request that is due while as many as are
// allowed are in flight; "" is Queue.
type Overload string

const (
	Queue Overload = "queue" // it waits for its turn
	Shed  Overload = "shed"  // it is not sent
	Abort Overload = "abort" // it is sent, and the oldest one in flight is cut
)

// ParseOverload reads the name of one.
func ParseOverload(text string) (Overload, error) {
	switch o := Overload(text); o {
	case Queue, Shed, Abort:
		return o, nil
	}
	return "", fmt.Errorf("%q is none of queue, shed, abort", text)
}

// check refuses what cannot be meant together.
func (p *Plan) check() error {
	if p.Speed != (Speed{}) && !p.Rate.IsZero() {
		return errors.New("a rate and a speed exclude each other")
	}
	if p.Mode.scheduled() {
		return nil
	}
	switch {
	case p.Mode == ASAP && p.Speed != (Speed{}):
		return errors.New("mode asap has no times for a speed to scale")
	case p.Users < 1:
		return fmt.Errorf("mode %s needs at least one user", p.Mode)
	case !p.Rate.IsZero(), p.MaxIdleGap > 0, p.Loop.For > 0, p.Warmup.Time > 0, p.Cooldown.Time > 0:
		return fmt.Errorf("in mode %s answers make the pace: there is no schedule to give a rate, to cut idle gaps from, or to measure loops, warm-up and cool-down by in time", p.Mode)
	}
	return nil
}
