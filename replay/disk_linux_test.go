package replay

import (
	"errors"
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
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=524288"); err != nil {
		t.Skipf("no file system of its own here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	const requests = 400
	var starts []int64
	for i := range int64(requests) {
		starts = append(starts, i*2_000)
	}
	r, _ := runner(t, chat(300), starts...)
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
	rows, _ := rowsOf(t, schema.JournalPath(path))
	if len(rows) == 0 || len(rows) >= requests {
		t.Errorf("%d rows can be read, want some of the %d", len(rows), requests)
	}
}
