package schema

import "time"

// Clock gives times as microseconds since the Unix epoch from one reading of
// the wall clock and monotonic time after it, so that a step of the wall clock
// never moves a stamp.
type Clock struct {
	anchor   time.Time // carries the monotonic reading
	anchorUS int64
}

// NewClock reads the wall clock once.
func NewClock() Clock {
	now := time.Now()
	return Clock{anchor: now, anchorUS: now.UnixMicro()}
}

// ZeroUS is the clock's anchor, us since the Unix epoch: a file's time zero.
func (c Clock) ZeroUS() int64 { return c.anchorUS }

// NowUS is the present, us since the Unix epoch.
func (c Clock) NowUS() int64 { return c.US(time.Now()) }

// US turns a time that this process read into us since the Unix epoch.
func (c Clock) US(t time.Time) int64 { return c.anchorUS + int64(t.Sub(c.anchor)/time.Microsecond) }

// Time is the moment at us since the Unix epoch, comparable with time.Now on
// the monotonic clock.
func (c Clock) Time(us int64) time.Time {
	return c.anchor.Add(time.Duration(us-c.anchorUS) * time.Microsecond)
}
