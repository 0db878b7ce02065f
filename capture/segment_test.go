package capture

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/schema"
)

func TestRotation(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }),
		func(s *Server) { s.RotateRows = 2 })
	for range 5 {
		resp := post(t, s, chatRequest)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		eventually(t, "the request is recorded", func() bool {
			return s.recorder.counts.tally().recorded == s.recorder.counts.tally().seen
		})
	}
	rows, metas := stop(t, s)
	if len(rows) != 5 || len(metas) != 3 {
		t.Errorf("%d rows in %d files, want 5 in 3", len(rows), len(metas))
	}
}

// TestRotatesWhileIdle: a file is sealed at its time, with or without traffic.
func TestRotatesWhileIdle(t *testing.T) {
	var sealed atomic.Int64
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }), func(s *Server) {
		s.RotateEvery = 50 * time.Millisecond
		s.Sealed = func(string, int64, error) { sealed.Add(1) }
	})
	post(t, s, chatRequest).Body.Close()
	eventually(t, "the file is sealed", func() bool { return sealed.Load() == 1 })
	rows, metas := stop(t, s)
	if len(rows) != 1 || len(metas) != 1 || metas[0].Counters["recorded"] != 1 {
		t.Errorf("%d rows, footers %+v", len(rows), metas)
	}
}

// TestFolderGone: the traffic goes on, the loss is told and counted.
func TestFolderGone(t *testing.T) {
	warned := make(chan error, 10)
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }),
		func(s *Server) { s.Warn = func(err error) { warned <- err } })
	if err := os.RemoveAll(s.Dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if resp := post(t, s, chatRequest); resp.StatusCode != http.StatusOK {
			t.Errorf("client got %d", resp.StatusCode)
		}
	}
	eventually(t, "three records are counted as failed", func() bool { return s.recorder.counts.tally().failed == 3 })
	if rows, _ := stop(t, s); len(rows) != 0 {
		t.Errorf("%d rows", len(rows))
	}
	close(warned)
	var warnings []error
	for err := range warned {
		warnings = append(warnings, err)
	}
	if len(warnings) != 1 || warnings[0] == nil {
		t.Errorf("warnings %v, want one", warnings)
	}
}

// TestSealsOnceItCan: a file that cannot be sealed is tried again.
func TestSealsOnceItCan(t *testing.T) {
	failed, done := make(chan string, 1000), make(chan string, 1)
	f := &files{dir: t.TempDir(), meta: schema.Meta{Vantage: schema.VantageCapture},
		closed: make(chan struct{}), retry: time.Millisecond, sealed: func(path string, _ int64, err error) {
			if err == nil {
				done <- path
				return
			}
			failed <- path
		}}
	s, err := f.acquire(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.path, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.release(s)
	f.retire()
	for range 2 {
		if path := <-failed; path != s.path {
			t.Errorf("%s could not be sealed", path)
		}
	}
	if err := os.RemoveAll(s.path); err != nil {
		t.Fatal(err)
	}
	if path := <-done; path != s.path {
		t.Errorf("%s was sealed", path)
	}
	f.close()
	if left, err := schema.Journals(f.dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestRecoversAtItsStart what an earlier capture left, and leaves alone what
// another one writes.
func TestRecoversAtItsStart(t *testing.T) {
	dir := t.TempDir()
	writer := func(name string) *schema.Writer {
		w, err := schema.Create(filepath.Join(dir, name), schema.Meta{Vantage: schema.VantageCapture})
		if err != nil {
			t.Fatal(err)
		}
		row := &schema.Record{RecordID: uuid.New(), Outcome: schema.OutcomeUnknown, Phase: schema.PhaseMeasure}
		if err := w.Put(row); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if err := writer("capture-1.parquet").Keep(); err != nil {
		t.Fatal(err)
	}
	live := writer("capture-2.parquet")
	recovered := make(chan schema.Recovery, 10)
	s := startAt(t, "http://127.0.0.1:1", func(s *Server) {
		s.Dir = dir
		s.Recovered = func(r schema.Recovery, err error) {
			if err != nil {
				t.Error(err)
			}
			recovered <- r
		}
	})
	rows, metas := stop(t, s)
	if len(rows) != 1 || metas[0].Counters["recovered"] != 1 || len(recovered) != 1 || (<-recovered).Rows != 1 {
		t.Errorf("rows %v, footers %+v", rows, metas)
	}
	if err := live.Close(); err != nil {
		t.Error(err)
	}
}

// TestRotatesBySize: each file ends once its journal is large enough.
func TestRotatesBySize(t *testing.T) {
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }),
		func(s *Server) { s.RotateBytes, s.Flush = 1, time.Millisecond })
	for i := range 3 {
		post(t, s, chatRequest).Body.Close()
		eventually(t, "the request is recorded", func() bool { return s.recorder.counts.tally().recorded == int64(i+1) })
	}
	if rows, metas := stop(t, s); len(rows) != 3 || len(metas) != 3 {
		t.Errorf("%d rows in %d files, want 3 in 3", len(rows), len(metas))
	}
}

// TestRemovedBeforeSealed: the rows of a file whose journal somebody has removed are lost, and
// nobody waits for it.
func TestRemovedBeforeSealed(t *testing.T) {
	lost := make(chan int64, 1)
	f := &files{dir: t.TempDir(), meta: schema.Meta{Vantage: schema.VantageCapture}, closed: make(chan struct{}), retry: time.Hour,
		lost: func(rows int64) { lost <- rows },
		sealed: func(path string, _ int64, err error) {
			if !errors.Is(err, errGone) {
				t.Errorf("%s is told of: %v", path, err)
			}
		}}
	s, err := f.acquire(0)
	if err != nil {
		t.Fatal(err)
	}
	s.tally.recorded = 7
	if err := os.Remove(schema.JournalPath(s.path)); err != nil {
		t.Fatal(err)
	}
	f.release(s)
	f.retire()
	f.sealing.Wait()
	if n := <-lost; n != 7 {
		t.Errorf("%d rows are lost, want 7", n)
	}
	f.close()
}

// TestNamedByItsBeginning: a file that begins with a request whose body took long to come
// is newer than those before it.
func TestNamedByItsBeginning(t *testing.T) {
	dir := t.TempDir()
	r, err := Recording{Dir: dir}.start(schema.NewClock(), map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	now := r.clock.NowUS()
	f := r.begin(now-3600e6, chatHead(), []byte(chatRequest))
	f.end(exchange.Moments{}, exchange.Ending{AtUS: now})
	r.close()
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	if oldest := time.UnixMicro(now).Add(-time.Minute).UTC().Format("capture-20060102T150405"); filepath.Base(files[0]) < oldest {
		t.Errorf("%s is named by a request that began an hour before it", files[0])
	}
}
