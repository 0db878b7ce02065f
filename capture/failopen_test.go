package capture

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

// warnings collects what Warn is told.
type warnings struct {
	mu   sync.Mutex
	told []error
}

func (w *warnings) warn(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, err)
}

func (w *warnings) all() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]error(nil), w.told...)
}

// ask sends n requests, which must be answered.
func ask(t *testing.T, s *Server, n int) {
	t.Helper()
	for range n {
		resp := post(t, s, chatRequest)
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("client got %d, %v", resp.StatusCode, err)
		}
		resp.Body.Close()
	}
}

// settled waits until each request that was seen is accounted for.
func settled(t *testing.T, s *Server) tally {
	t.Helper()
	var c tally
	eventually(t, "each request is accounted for", func() bool {
		c = s.recorder.counts.tally()
		return c.seen == c.recorded+c.dropped+c.failed+c.filtered+c.sampledOut
	})
	return c
}

// TestFolderGoneAndBack takes the folder away amid requests and brings it back:
// the traffic goes on, the loss is told and counted, and recording resumes.
func TestFolderGoneAndBack(t *testing.T) {
	var told warnings
	stay, stayed := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(stay) })
	defer goOn() // or a test that fails waits for it for ever
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stays" {
			close(stayed)
			<-stay
		}
		io.WriteString(w, "{}")
	}), func(s *Server) {
		s.Warn = told.warn
		s.Sealed = nil
	})
	ask(t, s, 2)
	settled(t, s)
	var open sync.WaitGroup
	open.Go(func() {
		resp, err := http.Get(s.URL() + "/stays")
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	})
	<-stayed
	settledButOne := func() tally { c := s.recorder.counts.tally(); c.seen--; return c }
	ask(t, s, 1) // behind the one that stays: once this is recorded, that one has begun in a file
	eventually(t, "the one that stays has begun", func() bool {
		c := settledButOne()
		return c.seen == c.recorded
	})
	if err := os.RemoveAll(s.Dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loss is seen", func() bool {
		ask(t, s, 1)
		return !s.IsRecording()
	})
	eventually(t, "all but one are accounted for", func() bool {
		c := settledButOne()
		return c.seen == c.recorded+c.failed
	})
	if c := settledButOne(); c.recorded != 0 {
		t.Errorf("%d rows are in a folder that is gone", c.recorded)
	}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it records again", s.IsRecording)
	goOn()
	open.Wait()
	ask(t, s, 3)
	c := settled(t, s)
	rows, metas := stop(t, s)
	if len(rows) != 4 || c.recorded != 4 || c.failed < 3 || c.seen != c.recorded+c.failed {
		t.Errorf("%d rows, counted %+v; want the four that ended after the folder was back", len(rows), c)
	}
	if len(metas) != 1 || metas[0].Counters["failed"] != c.failed || metas[0].Counters["seen"] != c.seen {
		t.Errorf("footers %+v, counted %+v", metas, c)
	}
	if told := told.all(); len(told) != 2 || told[0] == nil || told[1] != nil {
		t.Errorf("told %v, want the loss and its end, once each", told)
	}
}

// TestDiskFull fills a small disk: what waits is bounded, what is lost is counted,
// and once there is room recording goes on.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, 2<<20)
	var told warnings
	answer := strings.Repeat(event(strings.Repeat("x", 500)), 100) + "data: [DONE]\n\n"
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, answer)
	}), func(s *Server) { s.Dir, s.Privacy, s.Warn = dir, schema.RecordedContent, told.warn })
	eventually(t, "the disk is full", func() bool {
		ask(t, s, 5)
		return !s.IsRecording()
	})
	ask(t, s, 5)
	if err := enlarge(dir, 200<<20); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it records again", s.IsRecording)
	ask(t, s, 5)
	c := settled(t, s)
	all, metas := stop(t, s)
	var rows []*schema.Record // of a request whose end was lost the beginning may be there
	for _, r := range all {
		if r.Outcome != schema.OutcomeUnknown {
			rows = append(rows, r)
		}
	}
	if int64(len(rows)) != c.recorded || int64(len(all)) > c.seen || c.recorded+c.failed != c.seen || len(metas) != 1 || metas[0].Counters["failed"] != c.failed {
		t.Errorf("counted %+v, %d rows in %d files with %v", c, len(rows), len(metas), metas[0].Counters)
	}
	if size := int64(len(answer)); c.recorded*size < 2*(2<<20) {
		t.Errorf("%d rows of %d bytes are there: what waited for the disk should be", c.recorded, size)
	}
	if told := told.all(); len(told) < 2 || told[0] == nil || !strings.Contains(fmt.Sprint(told[0]), "no space") || told[len(told)-1] != nil {
		t.Errorf("told %v", told)
	}
}

// TestHealthIsOfAllFiles: an older file that fails beside the current one is told
// of once, not again and again, and where no file is written nothing waits.
func TestHealthIsOfAllFiles(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	var told warnings
	var sealed atomic.Int64
	r := &recorder{config: Recording{Warn: told.warn}.defaults(), files: &files{dir: dir, out: schema.Config{Flush: -1},
		meta: schema.Meta{Vantage: schema.VantageCapture}, closed: make(chan struct{}), removed: func(string, error) {},
		sealed: func(_ string, _ int64, err error) {
			if err == nil {
				sealed.Add(1)
			}
		}}}
	older, err := r.files.acquire(0)
	if err != nil {
		t.Fatal(err)
	}
	r.files.retire() // once its request has ended
	if _, err := r.files.acquire(1); err != nil {
		t.Fatal(err)
	}
	row := &schema.Record{RecordID: uuid.New(), Outcome: schema.OutcomeUnknown, Phase: schema.PhaseMeasure, Path: strings.Repeat("x", 2<<20)}
	if err := older.out.Put(row); err != nil {
		t.Fatal(err)
	}
	for second := range int64(3) {
		r.files.flush()
		r.look(second * 1e6)
	}
	if r.waitedUS.Load() == 0 {
		t.Error("the row of the older file does not wait")
	}
	if err := enlarge(dir, 64<<20); err != nil {
		t.Fatal(err)
	}
	r.files.flush()
	r.look(3e6)
	if told := told.all(); len(told) != 2 || told[0] == nil || told[1] != nil {
		t.Errorf("told %v, want the failure and its end, once each", told)
	}
	if err := r.files.current.out.Put(&schema.Record{RecordID: uuid.New(), Outcome: schema.OutcomeUnknown, Phase: schema.PhaseMeasure}); err != nil {
		t.Fatal(err)
	}
	if r.look(4e6); r.waitedUS.Load() == 0 {
		t.Error("the row of the current file does not wait")
	}
	r.files.release(older)
	r.files.current.open = 0
	r.files.retire()
	if r.look(5e6); r.waitedUS.Load() != 0 {
		t.Errorf("waited %d us for no file", r.waitedUS.Load())
	}
	r.files.close()
	if sealed.Load() != 2 {
		t.Errorf("%d files are sealed, want 2", sealed.Load())
	}
}
