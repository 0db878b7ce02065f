package replay

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"metron/schema"
)

// TestDiskFull: requests go on when the disk takes no more of their rows, what
// it took is readable, and nothing looks complete.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6291456"); err != nil {
		t.Skipf("no file system of its own here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	const requests = 400
	var rows []schema.Record
	for i := range int64(requests) {
		rows = append(rows, chatRow(i*2_000, func(r *schema.Record) {
			for range 4_000 { // 32 kB a row, so that the disk takes some batches, and not all
				r.BlockHashes = append(r.BlockHashes, rand.Int64())
			}
		}))
	}
	r, _ := runner(t, chat(2))
	r.Plan.Trace = traceOfRows(t, rows...)
	path := filepath.Join(dir, "run.parquet")
	r.Out = func(m schema.Meta) (*schema.Writer, error) { return schema.Create(path, m) }
	s, err := r.Run(t.Context())
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "run.arrows") {
		t.Fatalf("%v", err)
	}
	if s == nil || s.Sent != requests || s.Outcomes[schema.OutcomeOK] != requests {
		t.Fatalf("%+v: want all %d requests sent and answered", s, requests)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file that looks complete")
	}
	kept, _ := rowsOf(t, schema.JournalPath(path))
	if len(kept) == 0 || len(kept) >= requests {
		t.Errorf("%d rows can be read, want some of the %d", len(kept), requests)
	}
}
