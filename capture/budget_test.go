package capture

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"metron/internal/exchange"
	"metron/schema"
)

// TestLessIsKeptAsMemoryFills holds a part of the budget and records a request
// beside it.
func TestLessIsKeptAsMemoryFills(t *testing.T) {
	const limit = 1 << 20
	body := []byte(`{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("word ", 2000) + `"}]}`)
	header := http.Header{"Content-Type": {"application/json"}}
	answer := []byte(`{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}`)
	for _, c := range []struct {
		name     string
		held     int64
		recorded string
		hashes   bool
		want     tally
	}{
		{"room for all", 0, schema.RecordedContent, true, tally{recorded: 1}},
		{"none for content", limit * 6 / 10, schema.RecordedHash, true, tally{recorded: 1, toHash: 1}},
		{"none for hashes", limit * 8 / 10, schema.RecordedLengths, false, tally{recorded: 1, toLengths: 1}},
		{"none at all", limit, "", false, tally{dropped: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r, err := Recording{Dir: dir, Privacy: schema.RecordedContent, MaxMemory: limit}.start(schema.NewClock(), map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			r.budget.take(c.held, true)
			head := chatHead()
			now := r.clock.NowUS()
			f := r.begin(now, head, body)
			f.head(200, header, now)
			f.body(answer, now, 0)
			f.end(exchange.Moments{}, exchange.Ending{AtUS: now})
			eventually(t, "the queue is empty", func() bool { return r.budget.held.Load() == c.held })
			r.close()
			got := r.counts.tally()
			if got.seen = 0; got != c.want {
				t.Errorf("counted %+v, want %+v", got, c.want)
			}
			rows, metas := archive(t, dir)
			if c.recorded == "" {
				if len(rows) > 0 {
					t.Errorf("%d rows", len(rows))
				}
				return
			}
			if row := rows[0]; row.Recorded != c.recorded || (len(row.BlockHashes) > 0) != c.hashes || (row.ResponseBody != nil) != (c.recorded == schema.RecordedContent) {
				t.Errorf("row is %s with %d hashes, want %s", row.Recorded, len(row.BlockHashes), c.recorded)
			}
			if n := metas[0].Counters; n["degraded_to_hash"] != c.want.toHash || n["degraded_to_lengths"] != c.want.toLengths {
				t.Errorf("footer counts %v", n)
			}
		})
	}
}

// TestContentIsGivenUpBeforeTheRecord: answers that grow beyond the budget lose
// their bodies first, and what else they hold only when that was not enough.
func TestContentIsGivenUpBeforeTheRecord(t *testing.T) {
	const limit = 1 << 20
	dir := t.TempDir()
	r, err := Recording{Dir: dir, Privacy: schema.RecordedContent, MaxMemory: limit}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"text/event-stream"}}
	text := []byte(event(strings.Repeat("x", 2000)))
	empty := []byte(":\n\n")
	var flights []*flight
	feed := func(f *flight, piece []byte, times int) {
		for range times {
			f.body(piece, r.clock.NowUS(), 0)
			if r.budget.held.Load() > limit/2 {
				eventually(t, "the queue is taken", func() bool {
					r.queue.mu.Lock()
					defer r.queue.mu.Unlock()
					return len(r.queue.full) == 0 && (r.queue.filling == nil || len(r.queue.filling.items) < 1000)
				})
			}
		}
	}
	for range 2 {
		f := r.begin(r.clock.NowUS(), chatHead(), []byte(chatRequest))
		f.head(200, header, r.clock.NowUS())
		flights = append(flights, f)
	}
	feed(flights[0], text, 1000)        // 2 MB of text in few events: fits without its content
	feed(flights[1], empty, limit/48*2) // more events than fit
	for _, f := range flights {
		f.end(exchange.Moments{}, exchange.Ending{AtUS: r.clock.NowUS()})
	}
	eventually(t, "nothing is held", func() bool { return r.budget.held.Load() == 0 })
	r.close()
	rows, _ := archive(t, dir)
	if len(rows) != 2 || rows[0].ResponseBody != nil || len(rows[1].ChunkTime) != 0 || rows[1].ErrorType != "record_dropped" {
		t.Errorf("%d rows: %s with %d chunks, and %s", len(rows), rows[0].Recorded, len(rows[0].ChunkTime), rows[1].ErrorType)
	}
	if rows[0].ErrorType == "record_dropped" {
		t.Log("the first one gave way, too: it held as much when the second asked")
	} else if len(rows[0].ChunkTime) != 1000 {
		t.Errorf("%d chunks of 1000", len(rows[0].ChunkTime))
	}
}

// TestInflatingCounts: what undoing a content coding takes is of the budget, and
// an answer that takes all of it passes without a record.
func TestInflatingCounts(t *testing.T) {
	for _, c := range []struct {
		window   int
		recorded int64
	}{{128 << 10, 1}, {8 << 20, 0}} {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Encoding", "zstd")
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(c.window))
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(z, event("a"))
			z.Flush()
			io.WriteString(z, event("b")+"data: [DONE]\n\n")
			z.Close()
		}), func(s *Server) { s.MaxMemory = 4 << 20 })
		resp := post(t, s, chatRequest)
		z, err := zstd.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); string(text) != event("a")+event("b")+"data: [DONE]\n\n" || err != nil {
			t.Errorf("the client got %q, %v", text, err)
		}
		z.Close()
		resp.Body.Close()
		if got := settled(t, s); got.recorded != c.recorded || got.dropped != 1-c.recorded {
			t.Errorf("a window of %d KiB: %+v", c.window>>10, got)
		}
		eventually(t, "nothing is held", func() bool { return s.recorder.budget.held.Load() == 0 })
		stop(t, s)
	}
}

// TestFlightsCount: a request that waits for its answer takes of the budget until it ends.
func TestFlightsCount(t *testing.T) {
	r, err := Recording{Dir: t.TempDir(), Flush: 20 * time.Millisecond}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	var waiting []*flight
	for range 100 {
		waiting = append(waiting, r.begin(r.clock.NowUS(), chatHead(), []byte(chatRequest)))
	}
	eventually(t, "the recorder holds what they take", func() bool {
		held := r.budget.held.Load()
		return held >= 100*flightCost && held < 120*flightCost
	})
	for _, f := range waiting {
		f.end(exchange.Moments{}, exchange.Ending{AtUS: r.clock.NowUS()})
	}
	eventually(t, "nothing is held", func() bool { return r.budget.held.Load() == 0 })
}

// TestDroppedIsCountedOnce, also where the disk refuses the row that says so.
func TestDroppedIsCountedOnce(t *testing.T) {
	r := idle(1 << 20)
	r.files = &files{dir: t.TempDir(), meta: schema.Meta{Vantage: schema.VantageCapture}, closed: make(chan struct{})}
	s, err := r.files.acquire(0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.out.Abandon()
	f := &flight{recorder: r, segment: s}
	f.drop()
	r.put(f, &schema.Record{}) // breaks the rules of the schema
	if r.counts.tally() != (tally{dropped: 1}) || s.tally != (tally{seen: 1, dropped: 1}) {
		t.Errorf("counted %+v, the file %+v", r.counts.tally(), s.tally)
	}
}
