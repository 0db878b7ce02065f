package schema

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// damages are the ways in which the beginning of a batch shows that it is
// damaged; some of them look like a batch that was cut off.
func damages() map[string][]byte {
	mark := []byte{0xff, 0xff, 0xff, 0xff}
	return map[string][]byte{
		"mark":     {1},
		"zeros":    make([]byte, 16),
		"length":   append(mark, 0xf0, 0xff, 0xff, 0x7f),
		"too long": append(mark, 0x08, 0x00, 0x01, 0x00),
		"metadata": append(mark, append([]byte{64, 0, 0, 0}, bytes.Repeat([]byte{0x70}, 64)...)...),
	}
}

func damaged(whole []byte, at int64, patch []byte) []byte {
	data := bytes.Clone(whole)
	copy(data[at:], patch)
	return data
}

// TestDamageAmidAJournalIsAnError damages a journal's second batch of three in
// every way that shows: who reads it learns that rows are missing.
func TestDamageAmidAJournalIsAnError(t *testing.T) {
	journal, whole, ends := kept(t, 3)
	where := fmt.Sprintf("damaged between bytes %d and %d; `metron recover`", ends[0], ends[1])
	for name, patch := range damages() {
		write(t, journal, damaged(whole, ends[0], patch))
		if rows, err := readToTheEnd(journal); err == nil || !strings.Contains(err.Error(), where) || !strings.Contains(err.Error(), journal) {
			t.Errorf("%s: %d rows, %v; want %q", name, rows, err, where)
		}
		f, err := Open(journal)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := f.TornBytes(); err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %d torn bytes, %v", name, n, err)
		}
		f.Close()
	}
}

// TestDamagedLastBatch: where nothing follows, what looks cut off is the end.
func TestDamagedLastBatch(t *testing.T) {
	journal, whole, ends := kept(t, 3)
	for name, patch := range damages() {
		write(t, journal, damaged(whole, ends[1], patch))
		rows, err := readToTheEnd(journal)
		if cutOff := name == "zeros" || name == "too long"; cutOff && (rows != 2 || err != nil) || !cutOff && err == nil {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
}

// TestReaderOvertakenByTheWriter: a batch that was incomplete when it was read
// and has others behind it by the time they are looked for is no damage.
func TestReaderOvertakenByTheWriter(t *testing.T) {
	journal, _, ends := kept(t, 3)
	j, err := openJournal(journal)
	if err != nil {
		t.Fatal(err)
	}
	defer j.file.Close()
	for _, damage := range []bool{false, true} {
		b, at, err := j.nextBehind(ends[0], io.EOF, damage)
		if err != nil || at != ends[0] || b.to != ends[1] {
			t.Errorf("at %d, %v; want the batch at %d", at, err, ends[0])
		}
	}
}

// TestRecoverDamaged damages a journal's second batch: the first and the last
// are recovered, and the journal is kept.
func TestRecoverDamaged(t *testing.T) {
	journal, whole, ends := kept(t, 3)
	for name, patch := range damages() {
		data := damaged(whole, ends[0], patch)
		r, err := Recover(write(t, journal, data))
		if err != nil || r.Rows != 2 || r.DamagedBytes != ends[1]-ends[0] || r.TornBytes != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		rows := readAll(t, r.File)
		if len(rows) != 2 || rows[0].StartTime != 0 || rows[1].StartTime != 2 {
			t.Errorf("%s: rows %+v", name, rows)
		}
		if kept, err := os.ReadFile(r.Kept); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("%s: the journal is not kept: %v", name, err)
		}
		if left, err := Journals(filepath.Dir(journal)); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", name, left, err)
		}
		if err := os.Remove(r.File); err != nil {
			t.Fatal(err)
		}
	}
}
