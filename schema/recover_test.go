package schema

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// numbered is row i of file k of the kill test.
func numbered(k, i int) Record {
	r := row(int64(i))
	binary.BigEndian.PutUint32(r.RecordID[:], uint32(k)+1)
	binary.BigEndian.PutUint32(r.RecordID[8:], uint32(i))
	return r
}

func numbersOf(id uuid.UUID) (k, i int) {
	return int(binary.BigEndian.Uint32(id[:])) - 1, int(binary.BigEndian.Uint32(id[8:]))
}

// TestKilledWriter is the process that TestKill kills: it fills file after file
// at full speed and tells, on its standard output, how many rows of which file
// have passed a flush.
func TestKilledWriter(t *testing.T) {
	dir := os.Getenv("METRON_TEST_KILLED_WRITER")
	if dir == "" {
		t.Skip("runs inside TestKill")
	}
	for k := 0; ; k++ {
		w, err := Config{Flush: 2 * time.Millisecond}.Create(filepath.Join(dir, fmt.Sprint(k, ".parquet")), Meta{Vantage: VantageCapture})
		if err != nil {
			t.Fatal(err)
		}
		tell := func(n int) { binary.Write(os.Stdout, binary.BigEndian, [2]uint32{uint32(k), uint32(n)}) }
		const rows = 1000
		for i := range rows {
			r := numbered(k, i)
			r.Outcome = OutcomeUnknown // as journalled at its head
			if i%2 == 0 {
				if err := w.Put(&r); err != nil {
					t.Fatal(err)
				}
			}
			r.Outcome = OutcomeOK
			if err := w.Put(&r); err != nil {
				t.Fatal(err)
			}
			w.mu.Lock()
			pending := w.journal.pending()
			w.mu.Unlock()
			if pending == 0 { // this row and all before it are flushed
				tell(i + 1)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		tell(rows)
	}
}

// TestKill kills a writer with SIGKILL at random moments, sealing included, and
// finds every row that a flush had followed, once.
func TestKill(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	var wait sync.WaitGroup
	for worker := range 2 {
		wait.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(worker), 9))
			for n := worker; n < kills && !t.Failed(); n += 2 {
				if err := killOnce(t, rnd); err != nil {
					t.Errorf("kill %d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()
}

func killOnce(t *testing.T, rnd *rand.Rand) error {
	dir, err := os.MkdirTemp(t.TempDir(), "killed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	child := exec.Command(os.Args[0], "-test.run=^TestKilledWriter$", "-test.timeout=60s")
	child.Env = append(os.Environ(), "METRON_TEST_KILLED_WRITER="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	told := map[int]int{} // rows of each file that passed a flush
	lines := bufio.NewReader(out)
	var once sync.Once
	for {
		var line [2]uint32
		if err := binary.Read(lines, binary.BigEndian, &line); err != nil {
			break
		}
		told[int(line[0])] = int(line[1])
		once.Do(func() {
			time.AfterFunc(time.Duration(rnd.IntN(80_000))*time.Microsecond, func() { child.Process.Kill() })
		})
	}
	child.Wait()
	for range 2 { // the second time finds nothing
		journals, err := Journals(dir)
		if err != nil {
			return err
		}
		for _, path := range journals {
			if _, err := Recover(path); err != nil {
				return err
			}
		}
	}
	return checkTold(dir, told)
}

// checkTold looks for the rows in the files that were recovered.
func checkTold(dir string, told map[int]int) error {
	for k, want := range told {
		f, err := Open(filepath.Join(dir, fmt.Sprint(k, ".parquet")))
		if err != nil {
			return err
		}
		n := 0
		for r, err := range f.Records() {
			if err != nil {
				return err
			}
			if file, i := numbersOf(r.RecordID); file != k || i != n {
				return fmt.Errorf("row %d of file %d is row %d of file %d", n, k, i, file)
			}
			if r.Outcome != OutcomeOK && n < want {
				return fmt.Errorf("row %d of file %d is as it was at its head", n, k)
			}
			n++
		}
		f.Close()
		if n < want {
			return fmt.Errorf("file %d has %d rows, but %d were flushed", k, n, want)
		}
	}
	return nil
}

func TestRecoverLeavesALiveJournal(t *testing.T) {
	w, path := create(t)
	put(t, w, row(1))
	if _, err := Recover(JournalPath(path)); !errors.Is(err, ErrLive) {
		t.Errorf("recovering a live journal: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRecoverAtEveryByte cuts a journal anywhere: what was complete is kept.
func TestRecoverAtEveryByte(t *testing.T) {
	t.Parallel()
	journal, whole, ends := kept(t, 3)
	cuts := 400
	if testing.Short() {
		cuts = 80
	}
	step := max(1, len(whole)/cuts)
	for size := 0; size <= len(whole); size += step {
		r, err := Recover(write(t, journal, whole[:size]))
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", size, len(whole), err)
		}
		want := 0
		for _, end := range ends {
			if int64(size) >= end {
				want++
			}
		}
		if r.Rows != int64(want) {
			t.Fatalf("cut at %d: %d rows, want %d", size, r.Rows, want)
		}
		if r.File == "" {
			continue
		}
		if rows := readAll(t, r.File); len(rows) != want {
			t.Fatalf("cut at %d: the file has %d rows, want %d", size, len(rows), want)
		}
		os.Remove(r.File)
	}
}
