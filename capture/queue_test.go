package capture

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"metron/internal/exchange"
	"metron/schema"
)

// idle is a recorder that nobody runs.
func idle(maxMemory int64) *recorder {
	b := &budget{limit: maxMemory}
	return &recorder{clock: schema.NewClock(), config: Recording{}.defaults(), budget: b, queue: newQueue(b)}
}

func chatHead() *requestHead {
	return &requestHead{method: http.MethodPost, path: "/v1/chat/completions", header: http.Header{}}
}

// TestQueueKeepsOrderAndBytes sends parts of all sizes from several goroutines.
func TestQueueKeepsOrderAndBytes(t *testing.T) {
	q := newQueue(&budget{limit: 1 << 40})
	const flights, parts = 4, 3000
	sizes := []int{0, 1, 300, 4000, slabBytes / 3, slabBytes, slabBytes + 1}
	var senders sync.WaitGroup
	all := make([]*flight, flights)
	var sent [flights][parts]int
	for i := range all {
		all[i] = &flight{}
		random := rand.New(rand.NewPCG(uint64(i), 1))
		for n := range parts {
			sent[i][n] = sizes[random.IntN(4)]
			if n%500 == 0 {
				sent[i][n] = sizes[random.IntN(len(sizes))]
			}
		}
		senders.Go(func() {
			for n, size := range sent[i] {
				q.put(item{flight: all[i], kind: partBody, read: int32(n)}, bytes.Repeat([]byte{byte(n)}, size), false)
			}
		})
	}
	sizeOf := func(f *flight, n int32) int { return sent[slices.Index(all, f)][n] }
	done := make(chan struct{})
	go func() { senders.Wait(); close(done) }()
	seen := map[*flight]int32{}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-q.wake:
		}
		slabs := q.swap(nil)
		each(slabs, func(it *item) {
			if it.read != seen[it.flight] {
				t.Fatalf("part %d comes after %d others", it.read, seen[it.flight])
			}
			seen[it.flight]++
			if len(it.data) != sizeOf(it.flight, it.read) || !bytes.Equal(it.data, bytes.Repeat([]byte{byte(it.read)}, len(it.data))) {
				t.Fatalf("part %d has %d bytes, or not its own", it.read, len(it.data))
			}
		})
		for _, s := range slabs {
			q.recycle(s)
		}
	}
	for i, f := range all {
		if seen[f] != parts {
			t.Errorf("flight %d: %d parts of %d", i, seen[f], parts)
		}
	}
	if held := q.budget.held.Load(); held != 0 {
		t.Errorf("%d bytes are held by an empty queue", held)
	}
	if len(q.empty) > slabsKept {
		t.Errorf("%d slabs are kept", len(q.empty))
	}
}

// TestFullQueueDropsTheRecordNotTheTraffic: nobody takes anything.
func TestFullQueueDropsTheRecordNotTheTraffic(t *testing.T) {
	const limit = 1 << 20
	r := idle(limit)
	f := r.begin(0, chatHead(), []byte("{}"))
	for i := range 10_000 {
		f.body(make([]byte, 1000), int64(i), int32(i)) // must not wait
	}
	f.end(exchange.Moments{}, exchange.Ending{})
	late := r.begin(0, chatHead(), make([]byte, limit))
	late.end(exchange.Moments{}, exchange.Ending{})
	if !f.dropped.Load() || !late.lost || r.counts.tally().dropped != 2 || r.lost.Load() != 1 {
		t.Errorf("dropped %v, lost %v, counted %d and %d", f.dropped.Load(), late.lost, r.counts.tally().dropped, r.lost.Load())
	}
	if held := r.budget.held.Load(); held > limit+partCost(0) || held < limit/2 {
		t.Errorf("%d bytes are held, of %d", held, limit)
	}
	ended := 0
	slabs := r.queue.swap(nil)
	each(slabs, func(it *item) {
		if it.kind == partEnd {
			ended++
		}
	})
	for _, s := range slabs {
		r.queue.recycle(s)
	}
	if held := r.budget.held.Load(); ended != 1 || held != f.held {
		t.Errorf("%d ends were told, want that of the one that began; %d bytes are held, and %d are its own", ended, held, f.held)
	}
}

// TestEachKeepsCauses: the parts of a flight stand together but for its end, which comes
// where it passed: before what begins after it, and after what began before it.
func TestEachKeepsCauses(t *testing.T) {
	a, b, c, d := &flight{}, &flight{}, &flight{}, &flight{}
	parts := []item{{flight: a, read: 1}, {flight: b, read: 2, kind: partBegin}, {flight: a, read: 3}, {flight: a, read: 4, kind: partEnd},
		{flight: c, read: 5, kind: partBegin}, {flight: b, read: 6}, {flight: c, read: 7}, {flight: d, read: 8, kind: partEnd}}
	for cut := range len(parts) + 1 { // between two slabs
		var got []int32
		copied := slices.Clone(parts)
		each([]*slab{{items: copied[:cut]}, {items: copied[cut:]}}, func(it *item) { got = append(got, it.read) })
		if want := []int32{1, 3, 2, 6, 4, 5, 7, 8}; !slices.Equal(got, want) {
			t.Errorf("cut at %d: %v, want %v", cut, got, want)
		}
		if a.latest != nil || b.latest != nil || c.latest != nil || d.latest != nil {
			t.Errorf("cut at %d: a flight is still linked to its parts", cut)
		}
	}
}

// TestQueueAllocatesNothing, once its slabs are there.
func TestQueueAllocatesNothing(t *testing.T) {
	r := idle(1 << 30)
	f := &flight{recorder: r}
	data := make([]byte, 250)
	send := func() {
		for i := range 3000 {
			f.body(data, int64(i), int32(i))
		}
		for _, s := range r.queue.swap(make([]*slab, 0, 8)) {
			r.queue.recycle(s)
		}
	}
	send()
	if n := testing.AllocsPerRun(10, send); n > 3 {
		t.Errorf("%v allocations for 3000 parts", n)
	}
}

// TestWedgedRecorder blocks the recorder's goroutine on purpose, where a terminal
// that nobody reads would: the traffic goes on, memory stays bounded, and once it
// can the recorder goes on, too.
func TestWedgedRecorder(t *testing.T) {
	wedged, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for range 20 {
			io.WriteString(w, event("a"))
		}
		io.WriteString(w, "data: [DONE]\n\n")
	}), func(s *Server) {
		s.MaxMemory = 64 << 10
		s.Warn = func(error) { once.Do(func() { close(wedged); <-free }) }
	})
	away := s.Dir + ".away"
	if err := os.Rename(s.Dir, away); err != nil {
		t.Fatal(err)
	}
	answered := func(n int) {
		for range n {
			resp := post(t, s, chatRequest)
			if body, err := io.ReadAll(resp.Body); err != nil || !bytes.HasSuffix(body, []byte("[DONE]\n\n")) {
				t.Fatalf("client read %q, %v", body, err)
			}
			resp.Body.Close()
		}
	}
	answered(1)
	<-wedged
	s.recorder.roundUS.Add(-2 * stuckAfterUS) // as if it were long ago
	answered(100)
	if s.IsRecording() {
		t.Error("it records, says a capture whose recorder stands still")
	}
	if held := s.recorder.budget.held.Load(); held > s.MaxMemory+200*partCost(0) {
		t.Errorf("%d bytes are held, of %d", held, s.MaxMemory)
	}
	if s.recorder.counts.tally().dropped < 50 {
		t.Errorf("%d records are dropped", s.recorder.counts.tally().dropped)
	}
	if err := os.Rename(away, s.Dir); err != nil {
		t.Fatal(err)
	}
	close(free)
	eventually(t, "it records again", s.IsRecording)
	before := s.recorder.counts.tally().recorded
	answered(1)
	eventually(t, "the request is recorded", func() bool { return s.recorder.counts.tally().recorded > before })
	rows, metas := stop(t, s)
	counted := s.recorder.counts.tally()
	if counted.seen != 102 || counted.recorded+counted.dropped+counted.failed != counted.seen {
		t.Errorf("counted %+v", counted)
	}
	var footers tally
	for _, m := range metas {
		footers.add(tally{seen: m.Counters["seen"], recorded: m.Counters["recorded"], dropped: m.Counters["dropped"], failed: m.Counters["failed"]})
	}
	if counted.toLengths = 0; footers != counted || int64(len(rows)) < counted.recorded {
		t.Errorf("footers %+v, counted %+v, %d rows", footers, counted, len(rows))
	}
}

// BenchmarkQueue is what recording costs the path for a part.
func BenchmarkQueue(b *testing.B) {
	r := idle(1 << 40)
	f := &flight{recorder: r}
	data := []byte(event("a token's text"))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	slabs := make([]*slab, 0, 8)
	n := 0
	for b.Loop() {
		f.body(data, 1, 1)
		if n++; n%1000 == 0 {
			for _, s := range r.queue.swap(slabs[:0]) {
				r.queue.recycle(s)
			}
		}
	}
}

// BenchmarkRecord is what a token costs in all: queued, taken, decoded, put into a
// file as a part of its row. Answers have 200 tokens, and so many streams take turns.
func BenchmarkRecord(b *testing.B) {
	for _, streams := range []int{1, 300, 3000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) { benchmarkRecord(b, streams) })
	}
}

func benchmarkRecord(b *testing.B, streams int) {
	r, err := Recording{Dir: b.TempDir()}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.close()
	const tokens = 200
	data, last := []byte(event("a token's text")), []byte("data: [DONE]\n\n")
	header := http.Header{"Content-Type": {"text/event-stream"}}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	flights, sent := make([]*flight, streams), make([]int, streams)
	n, at := 0, r.clock.NowUS()
	for b.Loop() {
		i := n % streams
		if n++; sent[i]%tokens == 0 {
			flights[i] = r.begin(at, chatHead(), []byte(chatRequest))
			flights[i].head(http.StatusOK, header, at)
		}
		f := flights[i]
		sent[i]++
		at += 10
		f.body(data, at, int32(sent[i]%tokens))
		if sent[i]%tokens == 0 {
			f.body(last, at, tokens)
			f.end(exchange.Moments{}, exchange.Ending{AtUS: at})
		}
		for n%1000 == 0 && r.budget.held.Load() > int64(8<<20+streams*12<<10) { // as fast as the recorder, no faster
			time.Sleep(time.Millisecond)
		}
	}
	if d := r.counts.tally().dropped; d > 0 {
		b.Errorf("%d dropped", d)
	}
}
