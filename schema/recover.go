package schema

import (
	"bytes"
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
	// File is the Parquet file, "" where the journal held no row.
	File string `json:"file,omitempty"`
	Rows int64  `json:"rows"`
	// TornBytes is the size of a last batch that was cut off. It is lost.
	TornBytes int64 `json:"torn_bytes"`
	// DamagedBytes could not be read, though batches that follow could: the
	// disk's doing, no crash's. The journal is kept as Kept.
	DamagedBytes int64  `json:"damaged_bytes"`
	Kept         string `json:"kept,omitempty"`
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
// for a journal that is still being written or recovered; whatever the error,
// the journal is as it was.
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
	f, err := os.OpenFile(path, os.O_RDWR, 0) // to claim, and to fail early where nothing may be changed
	if err != nil {
		return r, err
	}
	defer f.Close()
	claimed, err := claim(f, false)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return r, fmt.Errorf("%w; nothing tells here whether a metron still writes it: copy it to a local disk and recover it there", err)
	case err != nil:
		return r, err
	case !claimed || !stands(f):
		return r, ErrLive
	}
	info, err := f.Stat()
	if err != nil {
		return r, err
	}
	if beheaded(f) {
		r.TornBytes = info.Size()
		return r, removeJournal(f)
	}
	j, err := openJournal(path)
	if err != nil {
		return r, err
	}
	defer j.file.Close()
	index, err := j.indexPast(true)
	if err != nil {
		return r, err
	}
	r.Rows, r.TornBytes, r.DamagedBytes = int64(len(index.places)), info.Size()-index.end, index.damaged
	if r.Rows > 0 {
		if err := r.seal(j, index, base+".parquet"); err != nil {
			return r, err
		}
	}
	if err := j.file.Close(); err != nil || r.DamagedBytes == 0 {
		return r, errors.Join(err, removeJournal(f))
	}
	r.Kept = path + ".damaged"
	return r, errors.Join(f.Close(), os.Rename(path, r.Kept)) // Windows renames no open file
}

// seal makes the file, unless it is there.
func (r *Recovery) seal(j *journalReader, index *journalIndex, path string) error {
	md := j.schema.Metadata()
	meta, err := metaFrom(md.GetValue)
	if err != nil {
		return err
	}
	r.File = path
	if r.AlreadySealed, err = holds(path, index); err != nil || r.AlreadySealed {
		return err
	}
	if meta.Counters == nil {
		meta.Counters = map[string]int64{}
	}
	meta.Counters["recovered"], meta.Counters["torn_bytes"] = r.Rows, r.TornBytes
	if r.DamagedBytes > 0 {
		meta.Counters["damaged_bytes"] = r.DamagedBytes
	}
	return sealIndexed(j, index, path, meta)
}

// beheaded reports whether a journal was cut off inside the message that it
// begins with, so that it holds no row. Other files are not.
func beheaded(f *os.File) bool {
	mark := make([]byte, 4)
	n, _ := f.ReadAt(mark, 0)
	return bytes.Count(mark[:n], []byte{0xff}) == n && checkMessage(f, 0, messageSchema) == io.EOF
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
