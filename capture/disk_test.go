package capture

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// seal writes a file of so many bytes of content.
func seal(t *testing.T, path, vantage string, size int) int64 {
	t.Helper()
	w, err := schema.Create(path, schema.Meta{Vantage: vantage})
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i * i * 31 >> 3)
	}
	row := &schema.Record{RecordID: uuid.New(), Outcome: schema.OutcomeOK, Phase: schema.PhaseMeasure, Recorded: schema.RecordedContent, RequestBody: body}
	if err := w.Put(row); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestMakeRoom removes the oldest captures alone, until the rest fits.
func TestMakeRoom(t *testing.T) {
	name := func(day int) string { return fmt.Sprintf("capture-202601%02dT000000.000000Z", day) }
	for _, c := range []struct {
		name string
		keep int // files that there is room for
		gone []int
	}{{"room for all", 5, nil}, {"room for four", 4, []int{1}}, {"room for two", 2, []int{1, 2}}, {"room for none", 0, []int{1, 2, 4}}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			size := int64(0)
			for day := 1; day <= 5; day++ {
				vantage := schema.VantageCapture
				if day == 3 {
					vantage = schema.VantageReplay // under the name of a capture
				}
				size = seal(t, filepath.Join(dir, name(day)+".parquet"), vantage, 1000)
			}
			others := []string{"run.parquet", "capture-mine.parquet", "notes.txt", name(0) + ".arrows"}
			for _, other := range others {
				if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var removed []string
			f := &files{dir: dir, maxDisk: max(1, int64(c.keep)*size+size/2), removed: func(path string, err error) {
				if err != nil {
					t.Error(err)
				}
				removed = append(removed, filepath.Base(path))
			}}
			f.makeRoom()
			var want []string
			for _, day := range c.gone {
				want = append(want, name(day)+".parquet")
			}
			if !slices.Equal(removed, want) {
				t.Errorf("removed %v, want %v", removed, want)
			}
			for _, left := range append(others, name(3)+".parquet", name(5)+".parquet") {
				if _, err := os.Stat(filepath.Join(dir, left)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestMaxDisk: a capture that rotates keeps its folder small, and the newest rows.
func TestMaxDisk(t *testing.T) {
	const most = 150 << 10
	var mu sync.Mutex
	removed := 0
	s := start(t, http.HandlerFunc(completion), func(s *Server) {
		s.MaxDisk, s.Flush = most, 2*time.Millisecond
		s.Removed = func(string, error) { mu.Lock(); removed++; mu.Unlock() }
	})
	lastUS := int64(0)
	for range 60 {
		lastUS = s.recorder.clock.NowUS()
		ask(t, s, 10)
		settled(t, s)
		time.Sleep(5 * time.Millisecond) // a journal is flushed by the clock
	}
	rows, metas := stop(t, s)
	total := int64(0)
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if removed == 0 || total > most || len(metas) < 2 || s.recorder.counts.removed.Load() != int64(removed) {
		t.Errorf("%d bytes in %d files, %d removed", total, len(metas), removed)
	}
	newest := 0
	for _, r := range rows {
		if r.StartTime >= lastUS {
			newest++
		}
	}
	if newest != 10 || len(rows) == 600 {
		t.Errorf("%d rows, %d of the last 10", len(rows), newest)
	}
}

// TestRotateOnDemand begins a new file, but no second one where nothing passed.
func TestRotateOnDemand(t *testing.T) {
	sealed := make(chan string, 10)
	s := start(t, http.HandlerFunc(completion), func(s *Server) {
		s.Sealed = func(path string, _ int64, _ error) { sealed <- path }
	})
	ask(t, s, 1)
	settled(t, s)
	for range 2 {
		s.Rotate()
		eventually(t, "it is taken", func() bool { return !s.recorder.reopen.Load() })
	}
	<-sealed
	ask(t, s, 2)
	rows, metas := stop(t, s)
	if len(rows) != 3 || len(metas) != 2 || metas[0].Counters["recorded"] != 1 {
		t.Errorf("%d rows, footers %+v", len(rows), metas)
	}
	if metas[0].KeyID != metas[1].KeyID {
		t.Error("two files of a capture have two keys")
	}
}
