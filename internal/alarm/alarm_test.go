package alarm

import (
	"testing"
	"time"
)

func TestWaitIsNeverEarly(t *testing.T) {
	done := make(chan struct{})
	go func() { // an alarm keeps its thread, and ends it with its goroutine
		defer close(done)
		a := New()
		for _, d := range []time.Duration{-time.Second, 0, 100 * time.Microsecond, 2 * time.Millisecond, 10 * time.Millisecond} {
			at := time.Now().Add(d)
			if !a.Wait(at, nil) {
				t.Errorf("a wait of %v was stopped", d)
			}
			if early := time.Until(at); early > 0 {
				t.Errorf("a wait of %v ended %v early", d, early)
			}
		}
	}()
	<-done
}

func TestStopEndsAWait(t *testing.T) {
	stop, done := make(chan struct{}), make(chan bool)
	go func() {
		a := New()
		done <- a.Wait(time.Now().Add(time.Hour), stop)
	}()
	close(stop)
	if <-done {
		t.Error("a wait for an hour says that its moment came")
	}
}
