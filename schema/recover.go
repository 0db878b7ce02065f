package schema

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/uuid"
)

// ErrLive says that a journal is still being written.
var ErrLive = errors.New("a running metron writes it")

// Recovery is what became of a journal that a crash left.
type Recovery struct {
	Journal string `json:"journal"`
	// File is the Parquet file, "" where the journal held nothing: its writer
	// was killed before its head reached the file.
	File string `json:"file,omitempty"`
	Rows int64  `json:"rows"`
	// TornBytes is the size of a last batch that was cut off. It is lost.
	TornBytes int64 `json:"torn_bytes"`
	// AlreadySealed says that File was complete and only the journal was left.
	AlreadySealed bool `json:"already_sealed"`
}

// Journals lists the journals in a folder: files that are being written, and
// those that a crash left.
func Journals(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), journalExt) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// Recover seals a journal that a crash left into the Parquet file that it was to
// become, and removes it. A torn tail loses its last batch. The error is ErrLive
// for a journal that is still being written; whatever the error, the journal is
// as it was.
func Recover(path string) (Recovery, error) {
	r, err := recoverJournal(path)
	if err != nil {
		return r, fmt.Errorf("recover %q: %w", path, err)
	}
	return r, nil
}

func recoverJournal(path string) (r Recovery, err error) {
	base, ok := strings.CutSuffix(path, journalExt)
	if !ok {
		return r, fmt.Errorf("the name of a journal ends in %s", journalExt)
	}
	r.Journal = path
	f, err := os.OpenFile(path, os.O_RDWR, 0) // to lock, and to fail early where it cannot be removed
	if err != nil {
		return r, err
	}
	defer f.Close()
	if free, err := lock(f); err != nil || !free {
		return r, errors.Join(err, ErrLive)
	}
	info, err := f.Stat()
	if err != nil {
		return r, err
	}
	if checkMessage(f, 0, messageSchema) == io.EOF {
		r.TornBytes = info.Size()
		return r, errors.Join(f.Close(), os.Remove(path))
	}
	j, err := openJournal(path)
	if err != nil {
		return r, err
	}
	defer j.file.Close()
	meta, err := metaFrom(func(key string) (string, bool) { md := j.schema.Metadata(); return md.GetValue(key) })
	if err != nil {
		return r, err
	}
	index, err := j.index()
	if err != nil {
		return r, err
	}
	r.File, r.Rows, r.TornBytes = base+".parquet", int64(len(index.places)), info.Size()-index.end
	if r.AlreadySealed, err = holds(r.File, index); err != nil {
		return r, err
	}
	if !r.AlreadySealed {
		if meta.Counters == nil {
			meta.Counters = map[string]int64{}
		}
		meta.Counters["recovered"], meta.Counters["torn_bytes"] = r.Rows, r.TornBytes
		if err := sealIndexed(j, index, r.File, meta); err != nil {
			return r, err
		}
	}
	return r, errors.Join(j.file.Close(), f.Close(), os.Remove(path)) // Windows removes no open file
}

// holds reports whether the file at path has the rows of a journal: a crash
// came between its completion and the removal of the journal. No file is no
// error; one with other rows is.
func holds(path string, index *journalIndex) (bool, error) {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return false, nil
	}
	f, err := Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	same := f.NumRows() == int64(len(index.places))
	for b, err := range f.Batches("record_id") {
		if err != nil {
			return false, err
		}
		ids := b.Column(0).(*array.FixedSizeBinary)
		for i := 0; same && i < ids.Len(); i++ {
			same = index.places[b.Row(i)].id == uuid.UUID(ids.Value(i))
		}
	}
	if !same {
		return false, fmt.Errorf("%q is there and holds other rows; rename one of the two", path)
	}
	return true, nil
}
