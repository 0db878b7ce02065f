package search

import "metron/internal/trend"

// Hopeless reports whether a run may be stopped and count as failed: the number of
// requests in flight (Value) only grows, by more than chance and by more than a tenth of the
// requests that are sent. Ask it every few seconds with all points since the run began, one about
// every 100 ms (At in microseconds).
func Hopeless(inFlight []trend.Point, rate float64) bool { panic("not yet") }
