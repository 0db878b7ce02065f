package analyze

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"metron/internal/term"
	"metron/schema"
)

// odd is traffic with what a file may hold: several choices, clocks that step back,
// answers of one token, requests that end before they begin or never.
func odd(rnd *rand.Rand, n int) []schema.Record {
	records := traffic(n, 9, rnd.Uint64())
	for i := range records {
		r := &records[i]
		r.StartTime += rnd.Int64N(3_000_000)
		r.InputTokens = new(rnd.Int64N(3000))
		r.SessionID = []string{"", "a", "b"}[rnd.IntN(3)]
		for range rnd.IntN(5) {
			r.BlockHashes = append(r.BlockHashes, rnd.Int64N(6))
		}
		r.BlockSize, r.BlockUnit = new(int64(16)), "tokens"
		switch rnd.IntN(12) {
		case 0:
			for j := range r.ChunkTime {
				r.ChunkChoice = append(r.ChunkChoice, int16(j%2))
			}
		case 1:
			if len(r.ChunkTime) > 2 {
				r.ChunkTime[1] -= 500_000
			}
		case 2:
			r.End = new(int64(-5))
		case 3:
			r.End, r.ChunkTime, r.ChunkKind, r.ChunkTokens, r.ChunkRead = nil, nil, nil, nil, nil
		case 4:
			r.CachedInputTokens = new(*r.InputTokens * rnd.Int64N(5) / 4)
		case 5:
			r.Outcome = schema.Outcomes()[rnd.IntN(9)]
		case 6:
			r.ChunkTokens = nil
		case 7:
			r.Ready = new(rnd.Int64N(2_000) - 1_000)
		case 8:
			r.StartTime = rnd.Int64() - rnd.Int64() // a clock gone mad
		}
	}
	return records
}

func everySection() Config { return Config{Sections: SectionNames(), By: []string{"session"}} }

// TestSectionsMerge: whatever the parts and their order, the sections of all rows
// are the same, bit for bit.
func TestSectionsMerge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		records := odd(rnd, rapid.IntRange(0, 60).Draw(rt, "n"))
		c := everySection()
		want := populationOf(tallied(t, c, records...))
		rnd.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		var parts []*tally
		for rest := records; len(rest) > 0 || len(parts) == 0; {
			n := min(len(rest), 1+rnd.IntN(20))
			parts = append(parts, tallied(t, c, rest[:n]...))
			rest = rest[n:]
		}
		for len(parts) > 1 { // any two, in any order
			i := rnd.IntN(len(parts) - 1)
			parts[i].merge(parts[i+1])
			parts = slices.Delete(parts, i+1, i+2)
		}
		if got := populationOf(parts[0]); got != want {
			rt.Fatalf("merged:\n%s\nwhole:\n%s", got, want)
		}
	})
}

func populationOf(t *tally) string {
	whole, err := json.Marshal(newPopulation(t))
	if err != nil {
		return err.Error()
	}
	groups, err := json.Marshal(t.groups.results())
	if err != nil {
		return err.Error()
	}
	return string(whole) + string(groups)
}

// Of nothing, of errors alone, of single tokens: every section has an answer, and
// what is undefined is null.
func TestSectionsOfLittle(t *testing.T) {
	failed := record(1, 0, 1)
	failed.Outcome, failed.OutputTokens, failed.End = schema.OutcomeTransportError, nil, nil
	notSent := failed
	notSent.RecordID[0], notSent.Outcome, notSent.Dispatched, notSent.Wrote = 9, schema.OutcomeNotSent, nil, nil
	for name, records := range map[string][]schema.Record{
		"nothing":    nil,
		"errors":     {failed, notSent},
		"one token":  {record(2, 0, 1, 50_000)},
		"no tokens":  {record(3, 0, 1)},
		"one at all": {record(4, 0, 1, 50_000, 60_000)},
	} {
		whole := newPopulation(tallied(t, Config{Sections: SectionNames()}, records...))
		var text strings.Builder
		whole.Sections.text(&text, term.Screen{Width: textWidth})
		got := toJSON(t, whole.Sections)
		if strings.Contains(got, "NaN") || strings.Contains(text.String(), "NaN") || strings.Contains(text.String(), "Inf") {
			t.Errorf("%s:\n%s\n%s", name, got, &text)
		}
		if len(whole.Sections) != len(SectionNames()) {
			t.Errorf("%s: %d sections", name, len(whole.Sections))
		}
	}
}

func TestParseSections(t *testing.T) {
	for text, want := range map[string][]string{"": nil, "none": {}, "tail,stalls": {"tail", "stalls"}, "all": SectionNames()} {
		got, err := ParseSections(text)
		if err != nil || !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"stall", "all,tail", ",", "slo"} {
		if _, err := ParseSections(text); err == nil || !strings.Contains(err.Error(), "must be one of") {
			t.Errorf("%q: %v", text, err)
		}
	}
	r := analyze(t, Config{Sections: []string{}}, record(1, 0, 1, 50_000))
	if len(r.Sections) != 0 || toJSON(t, r.Sections) != "{}" {
		t.Errorf("none: %s", toJSON(t, r.Sections))
	}
}

// sectionOf asks one section about rows.
func sectionOf[T any](t testing.TB, name string, records ...schema.Record) T {
	t.Helper()
	p := newPopulation(tallied(t, Config{Sections: []string{name}}, records...))
	out, ok := p.Sections[0].result.(T)
	if !ok || p.Sections[0].Name != name {
		t.Fatalf("section %s is %T", p.Sections[0].Name, p.Sections[0].result)
	}
	return out
}
