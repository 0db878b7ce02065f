package analyze

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

// startUS is when the files of the tests begin: 2026-01-02 03:04:05 UTC.
const startUS = 1767323045_000_000

// record is an answered, streamed request sent at start; its chunks carry k tokens
// each at the times given, and finish right after the last.
func record(id uint64, start int64, k int32, times ...int64) schema.Record {
	r := schema.Record{
		StartTime: startUS + start, Phase: schema.PhaseMeasure, API: schema.APIChat, Method: "POST", Path: "/v1/chat/completions",
		RequestModel: "m", Stream: true, ChoiceCount: 1, TokenSource: schema.TokenSourceUsage,
		Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths,
		InputTokens: new(int64(100)), OutputTokens: new(int64(k) * int64(len(times))),
		Dispatched: new(int64(0)), Wrote: new(int64(30)), HTTPStatus: new(int64(200)),
	}
	binary.BigEndian.PutUint64(r.RecordID[8:], id+1)
	r.SourceRecordID = uuid.NewSHA1(r.RecordID, []byte("source"))
	last := int64(0)
	for i, at := range times {
		r.ChunkTime = append(r.ChunkTime, at)
		r.ChunkKind = append(r.ChunkKind, schema.KindContent)
		r.ChunkTokens = append(r.ChunkTokens, k)
		r.ChunkRead = append(r.ChunkRead, int32(i))
		last = at
	}
	r.ChunkTime = append(r.ChunkTime, last)
	r.ChunkKind = append(r.ChunkKind, schema.KindDone)
	r.ChunkTokens = append(r.ChunkTokens, 0)
	r.ChunkRead = append(r.ChunkRead, int32(len(times)))
	r.End = new(last)
	return r
}

// traffic is n requests as a busy server would answer them: lognormal gaps,
// stalls, empty, short and failed answers, a few whole ones, warm-up.
func traffic(n int, tokens int, seed uint64) []schema.Record {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var out []schema.Record
	for i := range n {
		at := int64(60_000 * math.Exp(0.5*rnd.NormFloat64()))
		var times []int64
		for range max(0, int(float64(tokens)*math.Exp(0.4*rnd.NormFloat64()))-i%7) {
			times = append(times, at)
			gap := 22_000 * math.Exp(0.25*rnd.NormFloat64())
			if rnd.IntN(120) == 0 {
				gap += 400_000 * rnd.Float64()
			}
			at += int64(gap)
		}
		r := record(seed<<32|uint64(i), int64(i)*50_000, 1, times...)
		switch {
		case i%97 == 5:
			r.Outcome, r.HTTPStatus = schema.OutcomeHTTPError, new(int64(503))
			r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = nil, nil, nil, nil
		case i%53 == 7:
			r.Stream = false
			r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = nil, nil, nil, nil
		case i < n/50:
			r.Phase = schema.PhaseWarmup
		}
		out = append(out, r)
	}
	return out
}

// writeFile seals records as a Parquet file and returns its name.
func writeFile(t testing.TB, name string, meta schema.Meta, records ...schema.Record) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	meta.Vantage = schema.VantageReplay
	w, err := schema.Create(path, meta)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := w.Put(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// analyze asks the records, through a file.
func analyze(t testing.TB, c Config, records ...schema.Record) *Result {
	t.Helper()
	r, err := Analyze(context.Background(), []string{writeFile(t, "run.parquet", schema.Meta{}, records...)}, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
