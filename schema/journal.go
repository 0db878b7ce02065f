package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// journalExt ends the name of a journal: an Arrow IPC stream.
const journalExt = ".arrows"

// journal is an append-only Arrow IPC stream of rows. A batch is encoded in
// memory and reaches the file in one write; a write that fails leaves the file
// as it was and the batch in memory, to be tried again.
type journal struct {
	file    *os.File
	size    int64 // bytes of complete batches in the file
	cols    []column
	memory  *journalMemory // of rows
	rows    *array.RecordBuilder
	bytes   int          // that the rows being built take, about
	encoded bytes.Buffer // batches not yet in the file
	ipc     *ipc.Writer
}

func createJournal(path string, meta Meta) (*journal, error) {
	f, err := createClaimed(path, meta.perm())
	if err != nil {
		return nil, err
	}
	kv := meta.keyValues()
	md := arrow.MetadataFrom(kv)
	j := &journal{file: f, cols: columns(), memory: &journalMemory{}}
	s := arrowSchema(j.cols, &md)
	j.rows = array.NewRecordBuilder(j.memory, s)
	j.ipc = ipc.NewWriter(&j.encoded, ipc.WithSchema(s))
	// An empty batch makes the stream's head, with the file's Meta, reach the
	// disk before the first row does.
	if err := j.flush(true); err != nil {
		return nil, errors.Join(err, removeJournal(f))
	}
	return j, nil
}

// add appends a row to the batch being built.
func (j *journal) add(r *Record) {
	putRecord(j.rows, j.cols, r)
	j.bytes += r.bytes()
}

func (j *journal) pending() int { return j.rows.Field(0).Len() }

// flush writes the batch being built, and whatever an earlier failure left.
func (j *journal) flush(evenIfEmpty bool) error {
	if j.pending() > 0 || evenIfEmpty {
		batch := j.rows.NewRecord()
		j.bytes = 0
		err := j.ipc.Write(batch)
		batch.Release()
		if err != nil {
			return fmt.Errorf("encode journal batch: %w", err)
		}
	}
	if j.encoded.Len() == 0 {
		return nil
	}
	n, err := j.file.WriteAt(j.encoded.Bytes(), j.size)
	if err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(n)
	j.encoded.Reset()
	return nil
}

// journalBatch is one complete batch of a journal and where it ends.
type journalBatch struct {
	arrow.Record
	to int64
}

// journalReader reads the complete batches of a journal; a torn tail, what a
// crash leaves, ends it as a clean end does.
type journalReader struct {
	file   *os.File
	head   []byte // the bytes of the stream's schema message
	schema *arrow.Schema
}

func openJournal(path string) (*journalReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := checkMessage(f, 0, messageSchema); err != nil {
		f.Close()
		return nil, fmt.Errorf("read journal %q: not an Arrow IPC stream: %w", path, err)
	}
	c := &countingReader{r: f}
	r, err := ipc.NewReader(c)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read journal %q: not an Arrow IPC stream: %w", path, err)
	}
	defer r.Release()
	if err := checkJournalSchema(r.Schema()); err != nil {
		f.Close()
		return nil, fmt.Errorf("read journal %q: %w", path, err)
	}
	head := make([]byte, c.n)
	if _, err := f.ReadAt(head, 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("read journal %q: %w", path, err)
	}
	return &journalReader{file: f, head: head, schema: r.Schema()}, nil
}

// next reads the batch that begins at offset from; io.EOF says that no complete
// one is there.
func (j *journalReader) next(from int64) (b journalBatch, err error) {
	defer func() {
		// The IPC reader panics on some malformed messages.
		if p := recover(); p != nil {
			b, err = journalBatch{}, io.EOF
		}
	}()
	if err := checkMessage(j.file, from, messageBatch); err != nil {
		return journalBatch{}, err
	}
	c := &countingReader{r: io.NewSectionReader(j.file, from, 1<<62)}
	r, err := ipc.NewReader(io.MultiReader(bytes.NewReader(j.head), c), ipc.WithAllocator(memory.NewGoAllocator()))
	if err != nil {
		return journalBatch{}, err
	}
	defer r.Release()
	if !r.Next() {
		if disk := (*fs.PathError)(nil); errors.As(r.Err(), &disk) {
			return journalBatch{}, r.Err()
		}
		return journalBatch{}, io.EOF
	}
	rec := r.Record()
	if err := checkArrays(rec); err != nil {
		return journalBatch{}, err
	}
	rec.Retain()
	return journalBatch{Record: rec, to: from + c.n}, nil
}

// countingReader counts what was read through it.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
