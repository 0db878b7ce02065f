package llmsim

import (
	"sync"
	"time"

	"metron/internal/alarm"
)

// loop runs an engine in real time, in one goroutine: it takes a step, waits
// for the moment at which the step ends, and gives out its tokens. Moments are
// sums of step durations after one anchor, so that lateness never adds up; a
// loop that was kept from running catches up with what it missed.
//
// Note: starting each step when the last one's tokens were given out would be
// simpler, but then the server would be slower than its model by the machine's
// lateness, every step anew.
type loop struct {
	anchor time.Time // virtual time zero
	wake   chan struct{}
	stop   chan struct{}
	done   sync.WaitGroup

	mu     sync.Mutex
	engine *Engine
	owner  map[*Sequence]*choice
	stats  Stats
}

// Stats is what a server did since it started.
type Stats struct {
	Requests int64 // that were understood
	Steps    int64
	Tokens   int64
	LatestUS int64 // the most that a step's tokens were given out after their time
}

func startLoop(e *Engine) *loop {
	l := &loop{
		anchor: time.Now(), wake: make(chan struct{}, 1), stop: make(chan struct{}),
		engine: e, owner: map[*Sequence]*choice{},
	}
	l.done.Go(l.run)
	return l
}

// close ends the loop, within a step that is being waited for, too.
func (l *loop) close() {
	close(l.stop)
	l.done.Wait()
}

// submit hands a request's sequences to the engine, all or none.
func (l *loop) submit(j *job) error {
	sequences := make([]*Sequence, len(j.choices))
	for i, c := range j.choices {
		sequences[i] = &c.seq
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Read under the lock, so that arrivals are in order.
	nowUS := time.Since(l.anchor).Microseconds()
	for _, s := range sequences {
		s.ArrivalUS = nowUS
	}
	if err := l.engine.Submit(sequences...); err != nil {
		return err
	}
	for _, c := range j.choices {
		l.owner[&c.seq] = c
	}
	notify(l.wake)
	return nil
}

// cancel takes back what is left of a request, and frees its place at once.
func (l *loop) cancel(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range j.choices {
		if _, ok := l.owner[&c.seq]; ok {
			l.engine.Cancel(&c.seq)
			delete(l.owner, &c.seq)
		}
	}
}

func (l *loop) run() {
	wake := alarm.New()
	var freeUS int64
	var ready []*choice
	for {
		l.mu.Lock()
		startUS, busy := l.engine.NextUS(freeUS)
		if !busy {
			l.mu.Unlock()
			select {
			case <-l.wake:
				continue
			case <-l.stop:
				return
			}
		}
		step := l.engine.Step(startUS)
		ready = l.owners(ready[:0], step)
		l.mu.Unlock()

		freeUS = startUS + step.DurationUS
		end := l.anchor.Add(time.Duration(freeUS) * time.Microsecond)
		if !wake.Wait(end, l.stop) {
			return
		}
		for _, c := range ready {
			c.emitted.Add(1)
			notify(c.wake)
		}
		l.count(step, len(ready), time.Since(end))
	}
}

// owners appends the choices that a step made a token for, and forgets those
// that are through.
func (l *loop) owners(ready []*choice, step Step) []*choice {
	for _, e := range step.Emissions {
		if c, ok := l.owner[e.Sequence]; ok {
			ready = append(ready, c)
		}
		if e.Last {
			delete(l.owner, e.Sequence)
		}
	}
	return ready
}

func (l *loop) count(step Step, tokens int, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stats.Steps++
	l.stats.Tokens += int64(tokens)
	// A step without a duration is due the moment it was thought of.
	if step.DurationUS > 0 {
		l.stats.LatestUS = max(l.stats.LatestUS, late.Microseconds())
	}
}

// notify leaves word in a channel that holds one.
func notify(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
