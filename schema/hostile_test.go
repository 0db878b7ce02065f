package schema

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// allocCeiling is what opening and reading one damaged file of these tests, of
// 30 KB at most, may allocate in all; a sound one takes about 5 MiB.
const allocCeiling = 64 << 20

// readDamaged opens and reads a file to its end or first error, and fails where
// that panics, allocates over the ceiling or fails without naming the file.
func readDamaged(t *testing.T, path string) (rows int, err error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, err = readToTheEnd(path)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > allocCeiling {
		t.Errorf("%s: %d MiB allocated, over the ceiling of %d MiB (%v)", path, n>>20, allocCeiling>>20, err)
	}
	if err != nil && !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("the error does not name %s: %v", path, err)
	}
	return rows, err
}

func readToTheEnd(path string) (rows int, err error) {
	f, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err != nil {
			return rows, err
		}
		rows++
		_ = r.Check()
	}
	f.ColumnBytes()
	return rows, nil
}

// soundFiles gives the bytes of files to damage, by name: the goldens, a file
// with content and several pages a column, and a journal.
func soundFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	read := func(name, path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for _, name := range []string{"capture-v1.0.parquet", "run-v1.0.parquet"} {
		read(name, filepath.Join("../testdata/golden", name))
	}
	path := filepath.Join(t.TempDir(), "sealed.parquet")
	w, err := Create(path, Meta{Vantage: VantageReplay, Privacy: RecordedContent})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		r := row(int64(i) * 1000)
		r.SessionID, r.RequestModel = fmt.Sprint("session ", i%7), "llama"
		r.RequestBody = []byte(strings.Repeat(fmt.Sprint("hello ", i), 20))
		for k := range 10 * (i % 5) {
			r.ChunkTime = append(r.ChunkTime, int64(k*k))
			r.ChunkKind = append(r.ChunkKind, int8(k%3))
			r.ChunkTokens = append(r.ChunkTokens, 1)
			r.ChunkRead = append(r.ChunkRead, int32(k/2))
		}
		if i%2 == 0 {
			r.InputTokens, r.TopP = new(int64), new(float64)
		}
		if err := w.Put(&r); err != nil {
			t.Fatal(err)
		}
		if i%20 == 19 {
			flush(w)
		}
	}
	flush(w)
	read("journal"+journalExt, w.journalPath)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	read("sealed.parquet", path)
	return files
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFlippedBits damages files a bit or a byte at a time, as disks and copies do.
func TestFlippedBits(t *testing.T) {
	flips := 150
	if testing.Short() {
		flips = 50
	}
	for name, sound := range soundFiles(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			random := rand.New(rand.NewPCG(1, uint64(len(sound))))
			failed := 0
			for range flips {
				data := append([]byte(nil), sound...)
				for range 1 + random.IntN(2) {
					at := random.IntN(len(data))
					if random.IntN(2) == 0 {
						at = len(data) - 1 - random.IntN(len(data)/4) // Parquet's footer, which sizes come from
					}
					if random.IntN(2) == 0 {
						data[at] ^= 1 << random.IntN(8)
					} else {
						data[at] = byte(random.Uint32())
					}
				}
				if _, err := readDamaged(t, write(t, path, data)); err != nil {
					failed++
				}
			}
			t.Logf("%d of %d are refused", failed, flips)
		})
	}
}

// TestCutShort cuts files at many lengths: an error, or of a journal the rows
// before the cut.
func TestCutShort(t *testing.T) {
	step := 397
	if testing.Short() {
		step = 997
	}
	for name, sound := range soundFiles(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			before := 0
			for n := 0; n < len(sound); n += step {
				rows, err := readDamaged(t, write(t, path, sound[:n]))
				if strings.HasSuffix(name, journalExt) {
					if rows < before {
						t.Errorf("cut at %d of %d: %d rows, %d with less", n, len(sound), rows, before)
					}
					before = max(before, rows)
				} else if err == nil {
					t.Errorf("cut at %d of %d: no error", n, len(sound))
				}
			}
		})
	}
}
