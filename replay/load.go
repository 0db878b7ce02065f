package replay

import (
	"math"
	"runtime/metrics"
	"slices"
	"time"

	"metron/schema"
)

// load is what this process did during some time: what a late send is explained by.
type load struct {
	wallUS, cpuUS int64
	sched, gc     histogram
}

func (l *load) add(o load) {
	l.wallUS += o.wallUS
	l.cpuUS += o.cpuUS
	l.sched.add(o.sched)
	l.gc.add(o.gc)
}

// fill puts it into a step.
func (l *load) fill(s *schema.Sender) {
	if l.wallUS > 0 {
		s.CPUCores = math.Round(float64(l.cpuUS)/float64(l.wallUS)*1000) / 1000
	}
	s.SchedLatency = l.sched.spread()
	if pauses := l.gc.spread(); pauses != nil {
		s.GCPauses, s.GCPauseMaxUS = l.gc.total(), pauses.MaxUS
	}
}

// histogram is one of the runtime's; its edges are the same for as long as the
// process lives.
type histogram struct {
	edges  []float64 // seconds; one more than counts
	counts []uint64
}

func (h *histogram) add(o histogram) {
	if h.counts == nil {
		*h = histogram{o.edges, slices.Clone(o.counts)}
		return
	}
	for i, n := range o.counts {
		h.counts[i] += n
	}
}

// since is what came after an earlier reading.
func (h histogram) since(before histogram) histogram {
	d := histogram{h.edges, slices.Clone(h.counts)}
	for i, n := range before.counts {
		d.counts[i] -= n
	}
	return d
}

func (h histogram) total() (n int64) {
	for _, c := range h.counts {
		n += int64(c)
	}
	return n
}

// spread reads percentiles at the upper edges of their buckets, nil of none.
func (h histogram) spread() *schema.Spread {
	n := h.total()
	if n == 0 {
		return nil
	}
	return &schema.Spread{P50US: h.rank((n + 1) / 2), P99US: h.rank((99*n + 99) / 100), MaxUS: h.rank(n)}
}

// rank is the upper edge, us, of the bucket with the n-th smallest.
func (h histogram) rank(n int64) int64 {
	for i, c := range h.counts {
		if n -= int64(c); n > 0 {
			continue
		}
		edge := h.edges[i+1]
		if math.IsInf(edge, 1) {
			edge = h.edges[i]
		}
		return int64(math.Ceil(edge * 1e6))
	}
	return 0
}

// reading is the state of the process at a moment.
type reading struct {
	at        time.Time
	cpuUS     int64
	sched, gc histogram
}

// readLoad asks the runtime and the kernel. CPU time is the kernel's: the runtime
// brings its own up to date only when it collects garbage.
func readLoad() reading {
	samples := []metrics.Sample{{Name: "/sched/latencies:seconds"}, {Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(samples)
	r := reading{at: time.Now(), cpuUS: cpuUS()}
	for i, into := range []*histogram{&r.sched, &r.gc} {
		if samples[i].Value.Kind() == metrics.KindFloat64Histogram {
			h := samples[i].Value.Float64Histogram()
			*into = histogram{h.Buckets, h.Counts}
		}
	}
	return r
}

func (r reading) since(before reading) load {
	return load{r.at.Sub(before.at).Microseconds(), r.cpuUS - before.cpuUS, r.sched.since(before.sched), r.gc.since(before.gc)}
}

// watchLoad hands on what the process does, a second at a time with the middle of
// it, until the returned function is called; that hands on the rest.
func watchLoad(each func(middle time.Time, l load)) (stop func()) {
	before := readLoad()
	step := func() {
		now := readLoad()
		each(before.at.Add(now.at.Sub(before.at)/2), now.since(before))
		before = now
	}
	ending, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				step()
			case <-ending:
				step()
				return
			}
		}
	}()
	return func() {
		close(ending)
		<-ended
	}
}
