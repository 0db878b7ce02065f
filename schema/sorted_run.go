package schema

import (
	"errors"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// sortedRun is one sorted file of those that a Builder merges, or the only one.
type sortedRun struct {
	file   *os.File
	out    *parquet.GenericWriter[Record]
	rows   []Record // of the group being written
	lastUS int64    // start_time of the last row
}

func (b *Builder) newRun() (*sortedRun, error) {
	b.made++
	// Content may yet come: until all rows are known the file is its owner's.
	f, err := os.OpenFile(b.temp(fmt.Sprintf("run-%d", b.made)), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &sortedRun{file: f, out: newParquetWriter(f, b.meta.Program)}, nil
}

func (r *sortedRun) path() string { return r.file.Name() }

// writeGroups writes rows, which are in order, as row groups.
func (r *sortedRun) writeGroups(rows []*Record) error {
	for len(rows) > 0 {
		n, bytes := 0, 0
		for n < len(rows) && n < groupRows && (n == 0 || bytes+rows[n].bytes() <= groupBytes) {
			bytes += rows[n].bytes()
			n++
		}
		var reads readNumbers
		r.rows = r.rows[:0]
		for _, row := range rows[:n] {
			r.rows = append(r.rows, *row)
			reads.renumber(&r.rows[len(r.rows)-1])
		}
		if _, err := r.out.Write(r.rows); err != nil {
			return err
		}
		if err := r.out.Flush(); err != nil {
			return err
		}
		r.lastUS = rows[n-1].StartTime
		rows = rows[n:]
	}
	return nil
}

// close writes the footer; the file is then on the disk.
func (r *sortedRun) close(meta Meta) error {
	setMeta(r.out, meta)
	return errors.Join(r.out.Close(), r.file.Sync(), r.file.Close())
}
