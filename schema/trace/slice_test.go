package trace

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"metron/schema"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// TestSampleTakesWholeSessions: all of a session or none, the share that was
// asked for, the same for the same seed, another for another, and a smaller share
// within a larger one.
func TestSampleTakesWholeSessions(t *testing.T) {
	const sessions, turns = 1500, 3
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	var rows []schema.Record
	for i := range sessions * turns {
		r := row(0, int64(i))
		r.RecordID = randomID(rng)
		r.SessionID = fmt.Sprint("session ", i%sessions)
		r.Tenant = fmt.Sprint("tenant ", i%50)
		if i%sessions >= sessions/2 { // half have no session: each row for itself
			r.SessionID = ""
		}
		rows = append(rows, r)
	}
	in := write(t, filepath.Join(dir, "in.parquet"), schema.Meta{}, rows...)
	sample := func(share float64, by string, seed uint64) []schema.Record {
		s := &Slice{Job: Job{In: []string{in}, Out: filepath.Join(dir, "out.parquet"), Force: true}, Sample: share, SampleBy: by, Seed: seed}
		r, err := s.Run(t.Context())
		must(t, r, err)
		got, _ := read(t, s.Out)
		if r.Kept != int64(len(got)) || r.Kept+r.SampledOut != int64(len(rows)) {
			t.Fatalf("%+v for %d rows", r.Counts, len(got))
		}
		for _, g := range got {
			if g.SampleRate == nil || *g.SampleRate != share {
				t.Fatalf("sample_rate %v of a sample of %v", g.SampleRate, share)
			}
		}
		return got
	}
	has := func(rows []schema.Record) map[uuid.UUID]bool {
		ids := map[uuid.UUID]bool{}
		for _, r := range rows {
			ids[r.RecordID] = true
		}
		return ids
	}
	small := sample(0.2, BySession, 0)
	perSession, alone := map[string]int{}, 0
	for _, r := range small {
		if r.SessionID == "" {
			alone++
			continue
		}
		perSession[r.SessionID]++
	}
	for session, n := range perSession {
		if n != turns {
			t.Errorf("%s: %d of %d turns", session, n, turns)
		}
	}
	within := func(what string, n, of int) {
		if sigma := math.Sqrt(float64(of) * 0.2 * 0.8); math.Abs(float64(n)-0.2*float64(of)) > 5*sigma {
			t.Errorf("%d of %d %s are in a sample of 20 %%", n, of, what)
		}
	}
	within("sessions", len(perSession), sessions/2)
	within("rows without one", alone, len(rows)/2)

	again, large, otherSeed := has(sample(0.2, BySession, 0)), has(sample(0.5, BySession, 0)), has(sample(0.2, BySession, 1))
	missing := 0
	for _, r := range small {
		if !again[r.RecordID] || !large[r.RecordID] {
			t.Fatalf("row %s is not in the same or in a larger sample", r.RecordID)
		}
		if !otherSeed[r.RecordID] {
			missing++
		}
	}
	if missing < len(small)/2 {
		t.Errorf("another seed took %d of the same %d rows", len(small)-missing, len(small))
	}
	tenants := map[string]int{}
	for _, r := range sample(0.5, ByTenant, 0) {
		tenants[r.Tenant]++
	}
	for tenant, n := range tenants {
		if n != len(rows)/50 {
			t.Errorf("%s: %d of %d rows", tenant, n, len(rows)/50)
		}
	}
	within("rows", len(sample(0.2, ByRequest, 0)), len(rows))
	if all := sample(1, BySession, 0); len(all) != len(rows) {
		t.Errorf("a sample of 100 %% has %d of %d rows", len(all), len(rows))
	}
}

// TestSamplesMultiply: a sample of a sample, and of a capture that was one.
func TestSamplesMultiply(t *testing.T) {
	dir := t.TempDir()
	r := row(1, 1)
	r.SampleRate = new(0.5)
	in := write(t, filepath.Join(dir, "in.parquet"), schema.Meta{}, r)
	s := &Slice{Job: Job{In: []string{in}, Out: filepath.Join(dir, "out.parquet")}, Sample: 0.999999, SampleBy: BySession}
	report, err := s.Run(t.Context())
	must(t, report, err)
	rows, _ := read(t, s.Out)
	if got := *rows[0].SampleRate; got != 0.5*0.999999 {
		t.Errorf("sample_rate is %v", got)
	}
}

// TestSliceKeepsTheFooter: what the source says of itself stays, and where the
// rows are from stands beside it.
func TestSliceKeepsTheFooter(t *testing.T) {
	dir := t.TempDir()
	meta := schema.Meta{Vantage: schema.VantageReplay, TimeZero: 7, Clock: "sundial", Host: "there", Config: json.RawMessage(`{"speed":2}`),
		Privacy: schema.RecordedContent, KeyID: "k1", Counters: map[string]int64{"planned": 9}, SourceDigest: "ab",
		Verdict: &schema.Verdict{Status: "SUSPECT", Reasons: []string{"late"}, SendLagMaxUS: 3}}
	in := write(t, filepath.Join(dir, "in.parquet"), meta, row(1, 10), row(2, 2_000_010))
	s := &Slice{Job: Job{In: []string{in}, Out: filepath.Join(dir, "out.parquet")}, Selection: selection(t, "", "1s", "")}
	report, err := s.Run(t.Context())
	must(t, report, err)
	_, got := read(t, s.Out)
	if got.Vantage != meta.Vantage || got.TimeZero != 7 || got.Clock != "sundial" || got.Host != "there" || got.Privacy != meta.Privacy ||
		got.KeyID != "k1" || got.SourceDigest != "ab" || got.Verdict == nil || got.Verdict.Status != "SUSPECT" {
		t.Errorf("footer %+v", got)
	}
	if want := (Counts{Read: 2, Filtered: 1, Kept: 1}).footer(); fmt.Sprint(got.Counters) != fmt.Sprint(want) {
		t.Errorf("counters %v, want %v", got.Counters, want)
	}
	var config struct {
		Slice   map[string]any
		Sources []origin
	}
	if err := json.Unmarshal(got.Config, &config); err != nil {
		t.Fatal(err)
	}
	f, err := schema.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	digest, err := f.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Sources) != 1 || config.Sources[0].SHA256 != digest || config.Sources[0].Footer.Counters["planned"] != 9 ||
		string(config.Sources[0].Footer.Config) != `{"speed":2}` || config.Slice["selection"] != "from 1s" {
		t.Errorf("config %s", got.Config)
	}
}

func TestParseShare(t *testing.T) {
	for text, want := range map[string]float64{"10%": 0.1, "0.25": 0.25, "100%": 1, "1": 1, "": 0, "0": 0, "-1%": 0, "2": 0, "101%": 0, "NaN": 0, "x%": 0} {
		if got, err := parseShare(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("parseShare(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}
