package upstream

import (
	"errors"
	"os"
	"slices"
	"sync"
	"time"
)

// A request on a connection that its server is closing fails, and must not be
// sent again; some servers promise to keep connections and close them after
// each answer. So a connection is used again only if its server has been seen
// to keep others up to a limit, it has sat open for a while itself, and not for
// so long that the limit is near: a server whose own limit is shorter (gunicorn's
// 2 s; uvicorn, Node and others have 5 s and more) is never trusted, and one whose
// is a little longer is not met at it.
const (
	settled = 100 * time.Millisecond
	maxIdle = 2 * time.Second

	// kept is how many connections a server must have held open up to their
	// limit before any is used again; probes, how many it is tried with.
	kept   = 2
	probes = 4

	// maxParked bounds what a burst leaves behind.
	maxParked = 512

	// backOff is how long connections are not even kept for a trial after a
	// server closed one. It doubles each time up to longest, so that a server that
	// keeps some connections and closes others soon costs little more, and one that
	// was only restarted is believed again.
	backOff = 10 * time.Minute
	longest = 2 * time.Hour
)

// pool has the connections between two requests. A server begins untrusted;
// doubt makes it so again.
type pool struct {
	mu      sync.Mutex
	closed  bool
	parked  []*parked // in the order in which they came
	held    int       // connections that stayed open up to their limit, since the last doubt
	until   time.Time // of the back-off
	backOff time.Duration
}

// parked is a connection that nobody uses, and that a goroutine watches.
type parked struct {
	conn    *conn
	since   time.Time
	limit   time.Duration // its watch lasts so long, and it may be used for three quarters of it
	taken   bool          // by pool.mu: the watcher must not touch it any more
	watched chan struct{} // closed when the watcher has ended
	err     error         // by watched: what ended its watch
}

// put takes a connection that is in good order, to be used again within limit.
func (p *pool) put(c *conn, limit time.Duration) {
	k := &parked{conn: c, since: time.Now(), limit: limit, watched: make(chan struct{})}
	if !p.admit(k) {
		c.Close()
		return
	}
	go p.watch(k)
}

func (p *pool) admit(k *parked) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	room := maxParked
	if p.held < kept {
		room = probes
	}
	if p.closed || k.limit <= settled || len(p.parked) >= room || k.since.Before(p.until) {
		return false
	}
	_ = k.conn.SetReadDeadline(k.since.Add(k.limit)) // an error comes again at the read
	p.parked = append(p.parked, k)
	return true
}

// watch sees what becomes of a connection while nobody uses it.
func (p *pool) watch(k *parked) {
	defer close(k.watched)
	_, k.err = k.conn.in.Peek(1)
	if p.leave(k) {
		k.conn.Close()
	}
}

// leave takes a connection out whose watch is over, unless it was taken.
func (p *pool) leave(k *parked) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k.taken {
		return false
	}
	p.parked = slices.DeleteFunc(p.parked, func(o *parked) bool { return o == k })
	if errors.Is(k.err, os.ErrDeadlineExceeded) {
		p.held++
	} else {
		p.doubtLocked()
	}
	return true
}

// take gives a connection that may be used again; nil: there is none. It takes
// the one that has waited least of those that waited long enough, so that what a
// burst left behind reaches its limit.
func (p *pool) take() *conn {
	p.mu.Lock()
	k := p.choose(time.Now())
	p.mu.Unlock()
	if k == nil {
		return nil
	}
	_ = k.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the watcher
	<-k.watched
	if !errors.Is(k.err, os.ErrDeadlineExceeded) { // closed at this very moment
		p.doubt()
		k.conn.Close()
		return nil
	}
	if k.conn.SetReadDeadline(time.Time{}) != nil {
		k.conn.Close()
		return nil
	}
	return k.conn
}

func (p *pool) choose(now time.Time) *parked {
	if p.held < kept {
		return nil
	}
	for i := len(p.parked) - 1; i >= 0; i-- {
		if k := p.parked[i]; now.Sub(k.since) >= settled && now.Sub(k.since) < k.limit/4*3 {
			k.taken = true
			p.parked = slices.Delete(p.parked, i, i+1)
			return k
		}
	}
	return nil
}

// doubt says that the server has closed a connection that it had let us keep.
func (p *pool) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doubtLocked()
}

func (p *pool) doubtLocked() {
	if now := time.Now(); now.After(p.until) {
		p.backOff = min(max(backOff, 2*p.backOff), longest)
		p.until = now.Add(p.backOff)
	}
	p.held = 0
	p.clear()
}

// clear closes what waits.
func (p *pool) clear() {
	for _, k := range p.parked {
		k.taken = true
		go k.conn.Close() // which ends its watcher
	}
	p.parked = nil
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.clear()
}
