package generate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestServeGen: every client sends at the rate of its windows, what its dataset says.
func TestServeGen(t *testing.T) {
	g := &Generator{Arrival: "servegen:testdata/servegen,scale=5", Seed: 5}
	_, process, err := g.open()
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := rowsOf(t, g)
	zero := DefaultStart().UnixMicro()
	count := map[[3]int64]float64{} // window, input, output
	perWindow, unknown := make([]float64, 4), 0.0
	for _, row := range rows {
		w := (row.StartTime - zero) / 600_000_000
		perWindow[w]++
		if row.InputTokens == nil { // client 10 sends before its dataset begins
			unknown++
			if w != 1 {
				t.Fatalf("a row without lengths at %d us", row.StartTime-zero)
			}
			continue
		}
		count[[3]int64{w, *row.InputTokens, *row.OutputTokens}]++
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 5*math.Sqrt(want)*1.5 { // CV up to 2 in one of the clients
			t.Errorf("%s: %v, want about %v", what, got, want)
		}
	}
	for w, want := range []float64{0.5 * 600 * 5, 2.2 * 600 * 5, 0.2 * 600 * 5, 1.2 * 600 * 5} {
		near("requests of a window", perWindow[w], want)
	}
	near("unknown lengths", unknown, 0.2*600*5)
	// Client 2 in its first window: inputs 1 to 3, outputs 1 to 1, independently.
	for key, want := range map[[3]int64]float64{{0, 10, 1}: 187, {0, 10, 2}: 187, {0, 20, 1}: 562, {0, 20, 2}: 562} {
		near("lengths", count[key], want)
	}
	if mean := (0.5 + 2.2 + 0.2 + 1.2) / 4 * 5; math.Abs(process.rate-mean) > 1e-9 {
		t.Errorf("asked for %v a second, want %v", process.rate, mean)
	}
	if p, err := openProcess("servegen:testdata/servegen,from=600", env{limitUS: 600_000_000}); err != nil || math.Abs(p.rate-2.2) > 1e-9 {
		t.Errorf("asked for %v a second in the second window alone, want 2.2 (%v)", p.rate, err)
	}
}

func TestServeGenParts(t *testing.T) {
	const from = "servegen:testdata/servegen,scale=5,from=600"
	rows, _ := rowsOf(t, &Generator{Arrival: from, Duration: 600 * time.Second, Lengths: Lengths{Pair: "fixed:input=3,output=4"}})
	if n := float64(len(rows)); math.Abs(n-2.2*600*5) > 300 {
		t.Errorf("%v rows of the second window alone, want about %v", n, 2.2*600*5)
	}
	for _, r := range rows {
		if us := r.StartTime - DefaultStart().UnixMicro(); us < 0 || us >= 600_000_000 || *r.InputTokens != 3 {
			t.Fatalf("a row at %d us with %d tokens", us, *r.InputTokens)
		}
	}
}

func TestServeGenRefusals(t *testing.T) {
	for says, files := range map[string][2]string{
		"line 1: \"0,1\" is not":                       {"0,1\n", ""},
		"neither Gamma nor Weibull":                    {"0,1,1,Pareto,1,1\n", ""},
		"line 2: its window does not begin after":      {"5,1,1,Gamma,1,1\n5,1,1,Gamma,1,1\n", ""},
		"out of range":                                 {"0,NaN,1,Gamma,1,1\n", ""},
		"nothing is sent":                              {"0,0,0,,0,0\n", "{}"},
		"Git LFS pointer":                              {"0,1,1,Gamma,1,1\n", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"},
		"no such file":                                 {"0,1,1,Gamma,1,1\n", ""},
		"chunk-1-dataset.json: unexpected end of JSON": {"0,1,1,Gamma,1,1\n", "{"},
		"is not a length and its share":                {"0,1,1,Gamma,1,1\n", `{"0":{"input_tokens":"{'a': 1}","output_tokens":"{1: 1}"}}`},
		"is no dict":                                   {"0,1,1,Gamma,1,1\n", `{"0":{"input_tokens":"__import__('os')","output_tokens":"{1: 1}"}}`},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"chunk-1-trace.csv": files[0], "chunk-1-dataset.json": files[1]} {
			if text != "" {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		g := &Generator{Arrival: "servegen:" + dir, Out: filepath.Join(t.TempDir(), "x.parquet")}
		if _, err := g.Run(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v", says, err)
		}
	}
}

// TestDictsAreRead: what Python prints of a dict comes back.
func TestDictsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfNDistinct(rapid.Int64Range(0, 1e6), 1, 20, rapid.ID).Draw(t, "values")
		var text []string
		sum := 0.0
		for _, v := range values {
			share := rapid.Float64Range(1e-9, 1).Draw(t, "share")
			sum += share
			text = append(text, fmt.Sprintf("%d: %v", v, share))
		}
		w, err := parseDict("{" + strings.Join(text, ", ") + "}")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w.values, values) || w.sums[len(w.sums)-1] != sum {
			t.Fatalf("%v and %v of %v", w.values, w.sums, text)
		}
	})
}

// FuzzDict: whatever a file holds, it is read or refused, and what is read can be
// drawn from.
func FuzzDict(f *testing.F) {
	for _, seed := range []string{"{1: 0.5, 2: 0.5}", "{}", "{1: 1e-05,}", "{1: nan}", "{1:inf}", "{-1: 1}", "{(1,2): 1}", "{1: 0}", "{1: 1e308, 2: 1e308}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := parseDict(text)
		if err != nil {
			return
		}
		if v := w.draw(rand.New(rand.NewPCG(1, 2))); !slices.Contains(w.values, v) {
			t.Errorf("%q: drew %d", text, v)
		}
	})
}
