package replay

import (
	"container/heap"
	"context"
	"time"

	"metron/internal/alarm"
)

// later wakes whoever waits for a moment that nobody knew ahead: a turn after
// its think time. One thread serves all, since the exact waits of alarm take one
// each. The zero value needs start.
type later struct {
	add  chan wake
	stop chan struct{}
	done chan struct{}
}

type wake struct {
	at time.Time
	up chan<- struct{}
}

const (
	// rough is how long before a moment the runtime's timers are too rough for it.
	rough = 3 * time.Millisecond
	// step bounds how late a moment is that was added while a later one is waited for.
	step = 250 * time.Microsecond
)

func startLater(clock alarm.Alarm) *later {
	l := &later{make(chan wake), make(chan struct{}), make(chan struct{})}
	go l.run(clock)
	return l
}

func (l *later) close() {
	close(l.stop)
	<-l.done
}

// wait returns at the moment, or false as soon as ctx ends.
func (l *later) wait(ctx context.Context, at time.Time) bool {
	if time.Until(at) <= 0 {
		return ctx.Err() == nil
	}
	up := make(chan struct{}, 1)
	select {
	case l.add <- wake{at, up}:
	case <-ctx.Done():
		return false
	}
	select {
	case <-up:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *later) run(clock alarm.Alarm) {
	defer close(l.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var next wakes
	for {
		d := time.Hour
		if len(next) > 0 {
			d = time.Until(next[0].at)
		}
		switch {
		case d <= 0:
			heap.Pop(&next).(wake).up <- struct{}{}
		case d > rough:
			timer.Reset(d - rough)
			select {
			case w := <-l.add:
				heap.Push(&next, w)
			case <-timer.C:
			case <-l.stop:
				return
			}
		default:
			clock.Wait(time.Now().Add(min(d, step)), nil)
			select {
			case w := <-l.add:
				heap.Push(&next, w)
			case <-l.stop:
				return
			default:
			}
		}
	}
}

// wakes is a heap by moment.
type wakes []wake

func (h wakes) Len() int           { return len(h) }
func (h wakes) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h wakes) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *wakes) Push(w any)        { *h = append(*h, w.(wake)) }
func (h *wakes) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	*h = (*h)[:last]
	return w
}
