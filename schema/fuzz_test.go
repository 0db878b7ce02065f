package schema

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzOpen feeds damaged Parquet files: an error that names the file or rows,
// never a panic, never more memory than allocCeiling.
func FuzzOpen(f *testing.F) { fuzzFile(f, ".parquet") }

// FuzzJournal feeds damaged journals.
func FuzzJournal(f *testing.F) { fuzzFile(f, journalExt) }

func fuzzFile(f *testing.F, ext string) {
	for name, data := range soundFiles(f) {
		if strings.HasSuffix(name, ext) {
			f.Add(data, 0, uint32(0))
			f.Add(data, len(data)/2, uint32(1))
			f.Add(data, len(data)-30, uint32(0x80))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, flip uint32) {
		data = append([]byte(nil), data...)
		for i := range 4 {
			if k := at + i; k >= 0 && k < len(data) {
				data[k] ^= byte(flip >> (8 * i))
			}
		}
		if len(data) > 1<<20 {
			return
		}
		_, _ = readDamaged(t, write(t, filepath.Join(t.TempDir(), "f"+ext), data))
	})
}

// FuzzFooter feeds footers alone, behind a file's magic.
func FuzzFooter(f *testing.F) {
	for name, data := range soundFiles(f) {
		if strings.HasSuffix(name, ".parquet") {
			n := len(data) - 8
			length := int(data[n]) | int(data[n+1])<<8 | int(data[n+2])<<16
			f.Add(data[n-length : n])
		}
	}
	f.Fuzz(func(t *testing.T, footer []byte) {
		_, _ = readDamaged(t, write(t, filepath.Join(t.TempDir(), "f.parquet"), withFooter([]byte("PAR1"), footer)))
	})
}
