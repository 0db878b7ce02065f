package replay

import (
	"context"
	"testing"
	"time"
)

// TestLater: never early, and a moment that is added while a later one is waited
// for is not held up by it.
func TestLater(t *testing.T) {
	l := startLater(Timer("").alarm(0))
	defer l.close()
	ctx, stop := context.WithCancel(t.Context())
	hour := make(chan bool)
	go func() { hour <- l.wait(ctx, time.Now().Add(time.Hour)) }()
	for _, d := range []time.Duration{20 * time.Millisecond, 2 * time.Millisecond, 0, -time.Second} {
		at := time.Now().Add(d)
		if !l.wait(t.Context(), at) || time.Now().Before(at) {
			t.Errorf("a wait of %v ended early", d)
		}
	}
	stop()
	if <-hour {
		t.Error("a wait of an hour says that its moment came")
	}
	if l.wait(ctx, time.Now().Add(-time.Second)) {
		t.Error("a wait goes on when its context has ended")
	}
}
