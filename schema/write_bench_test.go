package schema

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
)

// BenchmarkWrite takes rows from Put through the journal to the sealed file, and
// tells the most memory that the process ever held.
func BenchmarkWrite(b *testing.B) {
	pool := make([]*Record, 0, 1000)
	for r := range benchTraffic(cap(pool), nil) {
		pool = append(pool, r)
	}
	debug.FreeOSMemory()
	resetPeak()
	tokens, requests := int64(0), benchRequests(b)
	var putting, sealing time.Duration
	dir := b.TempDir()
	for b.Loop() {
		path := filepath.Join(dir, "bench.parquet")
		w, err := Create(path, Meta{Vantage: VantageReplay})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		var id uuid.UUID
		for i := range requests {
			r := *pool[i%len(pool)]
			id[0], id[1], id[2], id[15] = byte(i), byte(i>>8), byte(i>>16), 1
			r.RecordID, r.StartTime = id, r.StartTime+int64(i)*20_000
			if err := w.Put(&r); err != nil {
				b.Fatal(err)
			}
			tokens += *r.OutputTokens
		}
		putting += time.Since(began)
		began = time.Now()
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		sealing += time.Since(began)
	}
	b.ReportMetric(float64(tokens)/putting.Seconds()/1e6, "put_Mtokens/s")
	b.ReportMetric(float64(tokens)/sealing.Seconds()/1e6, "seal_Mtokens/s")
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
	if peak, ok := peakMiB(); ok {
		b.ReportMetric(peak, "peak_MiB")
	}
}

// resetPeak makes peakMiB begin anew, where Linux lets it.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMiB is the most memory that was resident at once.
func peakMiB() (float64, bool) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	_, rest, ok := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseFloat(string(fields[0]), 64)
	return kib / 1024, err == nil
}
