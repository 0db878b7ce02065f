package capture

import (
	"sync"
	"sync/atomic"
)

// tally counts what became of requests, for the footer of a file.
type tally struct {
	seen, recorded  int64
	dropped, failed int64 // for want of room, and of a disk
	filtered        int64 // by the filters
	sampledOut      int64
	toHash          int64 // kept no content, for want of room
	toLengths       int64 // and no hashes of the prompt
}

func (t *tally) add(o tally) {
	t.seen += o.seen
	t.recorded += o.recorded
	t.dropped += o.dropped
	t.failed += o.failed
	t.filtered += o.filtered
	t.sampledOut += o.sampledOut
	t.toHash += o.toHash
	t.toLengths += o.toLengths
}

// counters are the tally by name; those that few captures have only where they
// are not 0.
func (t tally) counters() map[string]int64 {
	m := map[string]int64{"seen": t.seen, "recorded": t.recorded, "dropped": t.dropped, "failed": t.failed}
	for name, n := range map[string]int64{"filtered_out": t.filtered, "sampled_out": t.sampledOut,
		"degraded_to_hash": t.toHash, "degraded_to_lengths": t.toLengths} {
		if n > 0 {
			m[name] = n
		}
	}
	return m
}

// counts are what happened to the requests that passed, for whoever asks amid it.
type counts struct {
	inFlight atomic.Int64
	removed  atomic.Int64 // files, to make room

	mu   sync.Mutex // guards what follows
	did  tally
	gone int64 // failed only after they were recorded, with a file that somebody removed
}

func (c *counts) add(t tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did.add(t)
}

// lose takes back records whose file is gone.
func (c *counts) lose(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone += n
	c.did.add(tally{recorded: -n, failed: n})
}

func (c *counts) tally() tally {
	did, _ := c.all()
	return did
}

// all is the tally, and how many records were taken, those that were lost later
// included.
func (c *counts) all() (did tally, taken int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.did, c.did.recorded + c.gone
}
