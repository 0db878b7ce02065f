package inspect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"metron/internal/exchange"
	"metron/schema"
)

// TestVerifyPages damages a page's bytes and a statistic, and leaves the rest.
func TestVerifyPages(t *testing.T) {
	footer := soundFooter()
	footer["privacy"] = "hash"
	path := writeRows(t, soundRows(), footer)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, change func(data []byte)) string {
		changed := bytes.Clone(data)
		change(changed)
		if bytes.Equal(changed, data) {
			t.Fatalf("%s changed nothing", name)
		}
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	// The number of the second row's dispatched stands in plain: any other is as
	// readable, so that only the checksum tells.
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := f.Schema().Lookup("dispatched")
	chunk := f.Metadata().RowGroups[0].Columns[leaf.ColumnIndex].MetaData
	end := chunk.DataPageOffset + chunk.TotalCompressedSize
	var r *Report
	for at := end - 16; at < end; at++ {
		r = verifyFile(t, write("page.parquet", func(data []byte) { data[at] ^= 0x40 }))
		if got := brief(r); !slices.Equal(got, []string{"pages dispatched 0", "read  0", "counters counters"}) || !strings.Contains(r.Problems[0].Is, "rows 0 to 5") {
			t.Errorf("damaged page, byte %d: %q, %+v", at, got, r.Problems)
		}
	}

	// The footer has the least start_time as the least value, and nowhere else.
	length := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	least := binary.LittleEndian.AppendUint64(nil, zeroUS)
	r = verifyFile(t, write("statistics.parquet", func(data []byte) {
		tail := data[len(data)-8-length:]
		copy(tail, bytes.ReplaceAll(tail, least, binary.LittleEndian.AppendUint64(nil, zeroUS+700)))
	}))
	if got := brief(r); !slices.Equal(got, []string{"pages start_time 0"}) || !strings.Contains(r.Problems[0].Is, "statistics claim") {
		t.Errorf("untrue statistics: %q, %+v", got, r.Problems)
	}

	r = verifyFile(t, write("magic.parquet", func(data []byte) { data[0] = 'x' }))
	if got := brief(r); !slices.Equal(got, []string{"open "}) || r.Digest != "" {
		t.Errorf("no Parquet file: %q", got)
	}
	if _, err := new(Verifier).Verify(t.Context(), path+".none"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestVerifyNewerFile(t *testing.T) {
	type newer struct {
		schema.Record
		KVCacheHits int64 `parquet:"kv_cache_hits"`
	}
	footer := soundFooter()
	footer["schema_version"], footer["privacy"] = "1.7", "hash"
	var rows []newer
	for _, r := range soundRows() {
		rows = append(rows, newer{r, 5})
	}
	if got := brief(verifyFile(t, writeRows(t, rows, footer))); !slices.Equal(got, []string{"note new_column kv_cache_hits"}) {
		t.Errorf("%q", got)
	}
}

func TestVerifyJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.parquet")
	w, err := schema.Create(path, schema.Meta{Vantage: schema.VantageReplay, TimeZero: zeroUS, Clock: "monotonic", Privacy: schema.RecordedHash})
	if err != nil {
		t.Fatal(err)
	}
	rows := soundRows()
	rows[5].End = new(int64(4)) // before its headers
	for i := range rows {
		if err := w.Put(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Keep(); err != nil {
		t.Fatal(err)
	}
	journal := schema.JournalPath(path)
	if r := verifyFile(t, journal); !r.Journal || r.Rows != 6 || r.Chunks != 5 || !slices.Equal(brief(r), []string{"time_order end 5", "note early_answer wrote 5"}) {
		t.Errorf("%q, %+v", brief(r), r)
	}
	data, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journal, append(data, data[:11]...), 0o600); err != nil {
		t.Fatal(err)
	}
	r := verifyFile(t, journal)
	if len(r.Notes) != 2 || r.Notes[1].Rule != "torn_tail" || !strings.HasPrefix(r.Notes[1].Is, "11 bytes ") {
		t.Errorf("torn tail: %+v", r.Notes)
	}
}

// FuzzVerify: whatever a file holds is a report or an error.
func FuzzVerify(f *testing.F) {
	path := writeRows(f, soundRows(), soundFooter())
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, 9, byte(1))
	f.Add(data, len(data)-40, byte(0x80))
	f.Add(data[:len(data)-7], 0, byte(0))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if at >= 0 && at < len(data) {
			data = bytes.Clone(data)
			data[at] ^= flip
		}
		p := filepath.Join(dir, "fuzzed.parquet")
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(20 * time.Second)
		if r, err := new(Verifier).Verify(t.Context(), p); err == nil {
			listed := map[string]int64{}
			for _, p := range r.Problems {
				listed[p.Rule]++
			}
			for rule, n := range r.ProblemCounts {
				if listed[rule] != min(n, shownFindings) {
					t.Errorf("%d of %d problems %s are listed", listed[rule], n, rule)
				}
			}
		}
		if time.Now().After(deadline) {
			t.Error("took over 20 s")
		}
	})
}

// TestRecordedServers: what real servers sent makes rows without a problem.
func TestRecordedServers(t *testing.T) {
	wires, err := filepath.Glob("../../../shared/sse/*/*.wire.bin")
	if err != nil || len(wires) == 0 {
		t.Skip("recorded transcripts are not here")
	}
	notes := map[string]int{}
	for _, path := range wires {
		request, err := os.ReadFile(strings.TrimSuffix(path, ".wire.bin") + ".req.http")
		if err != nil {
			t.Fatal(err)
		}
		answer, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, _ := io.ReadAll(req.Body) // what there is of it
		x := exchange.Begin(&schema.Record{RecordID: uuid.New(), StartTime: zeroUS, Phase: schema.PhaseMeasure},
			exchange.Request{Method: req.Method, Path: req.URL.Path, Body: body})
		at := int64(zeroUS + 100)
		ending := exchange.Ending{Err: io.EOF}
		if resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), req); err != nil {
			ending.Err = err
		} else {
			x.Head(resp.StatusCode, resp.Header, at)
			buf := make([]byte, 700)
			for read := int32(0); ; read++ {
				n, err := resp.Body.Read(buf)
				at += 50
				x.Body(buf[:n], at, read)
				if err != nil {
					ending.Err = err
					break
				}
			}
		}
		ending.AtUS = at
		check := newRowCheck(&schema.Meta{Vantage: schema.VantageCapture, Privacy: schema.RecordedLengths, TimeZero: zeroUS}, func(r rule, f *schema.Fault) {
			if notes[r.name]++; !r.note {
				t.Errorf("%s: %s: %s; want %s", path, r.name, f.Is, f.Want)
			}
		})
		check.row(x.End(ending))
	}
	t.Logf("%d transcripts, notes %v", len(wires), notes)
}
