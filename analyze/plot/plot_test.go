package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func values(list ...float64) func(func(float64, int64) bool) {
	return func(yield func(float64, int64) bool) {
		for _, v := range list {
			if !yield(v, 1) {
				return
			}
		}
	}
}

func many(n int) CDF {
	return CDF{Title: "Times", Subtitle: "a < b & c", XLabel: "time", Count: int64(n), Values: func(yield func(float64, int64) bool) {
		for i := range n {
			if !yield(float64(i)*1e-6, 1) {
				return
			}
		}
	}, Marks: []Mark{{"p50", 0.5, float64(n/2) * 1e-6}, {"p99", 0.99, 0.99 * float64(n) * 1e-6}}}
}

// svgText is all text of an SVG, which must be well-formed.
func svgText(t *testing.T, svg []byte) string {
	t.Helper()
	var all strings.Builder
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			all.Write(c)
			all.WriteByte('\n')
		}
	}
}

// Every figure, ordinary or of nothing, gives an SVG that says what it should, and
// drawn twice the same bytes.
func TestFigures(t *testing.T) {
	rate := 40.0
	curve := Acceptance{Subtitle: "N = 3", Level: 0.9, Rate: &rate, Deadlines: []float64{0.01, 0.03, 0.1}, Shares: []float64{0, 0.95, 1}}
	slow := curve
	slow.Rate = new(4.0)
	unknown := curve
	unknown.Rate = nil
	timelines := Timelines{Subtitle: "two requests", Requests: []Timeline{
		{"worst", "two waits", []float64{0.3, 0.3, 0.9}, []float64{0.1, 0.35, 0.4}},
		{"best", "", []float64{0.05}, []float64{0.1}},
	}}
	for name, f := range map[string]struct {
		data Data
		says []string
	}{
		"cdf":            {many(50_000), []string{"Times", "a < b & c", "p50  25.0 ms", "p99  49.5 ms", "100 %", "10 ms"}},
		"cdf of one":     {CDF{Title: "One", Count: 1, Values: values(0.02)}, []string{"One", "20 ms"}},
		"cdf of zeros":   {CDF{Title: "Zeros", Count: 2, Values: values(0, 0)}, []string{"no value above 0"}},
		"cdf of none":    {CDF{Title: "None", Values: values()}, []string{"no value above 0"}},
		"curve":          {curve, []string{"fluid token rate 40 tok/s; one token every 25.0 ms", "90 %", "N = 3"}},
		"curve, slow":    {slow, []string{"right of this picture"}},
		"curve, no rate": {unknown, []string{"90 %"}},
		"no curve":       {Acceptance{}, []string{"no request has two tokens"}},
		"timelines":      {timelines, []string{"worst", "best", "two waits", "reader waits", "seconds after the send", "tokens"}},
		"no timelines":   {Timelines{}, []string{"no request"}},
	} {
		t.Run(name, func(t *testing.T) {
			figure, err := f.data.Figure(Style{})
			if err != nil {
				t.Fatal(err)
			}
			vector := drawn(t, figure, SVG)
			for _, want := range f.says {
				if got := svgText(t, vector); !strings.Contains(got, want) {
					t.Errorf("the SVG does not say %q:\n%s", want, got)
				}
			}
			if len(vector) > 200_000 {
				t.Errorf("the SVG has %d bytes", len(vector))
			}
			if !bytes.Equal(drawn(t, figure, SVG), vector) {
				t.Error("drawn twice, the bytes differ")
			}
		})
	}
}

func drawn(t *testing.T, f Figure, format Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Encode(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Both files, a slide wide, and nothing else in the folder; an older one is replaced.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "figure.png"), []byte("an older picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	figure, err := many(500).Figure(Style{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := figure.Write(dir, "figure", PNG, SVG); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(read(t, dir, "figure.png")))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 1600 || size.Y != 900 {
		t.Errorf("the picture is %v", size)
	}
	// The curve is drawn: somewhere there is its blue.
	blues := 0
	for x := range 1600 {
		for y := range 900 {
			if r, g, b, _ := picture.At(x, y).RGBA(); r>>8 == 0 && g>>8 == 0x72 && b>>8 == 0xb2 {
				blues++
			}
		}
	}
	if blues < 1000 {
		t.Errorf("%d pixels of the curve's colour", blues)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("files %v, %v", files, err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Thinning bounds the points, keeps the ends, and never moves the curve by more than a
// column of the picture.
func TestThinning(t *testing.T) {
	points, zero := many(200_000).points()
	if len(points) > maxPoints || zero != 1.0/200_000 {
		t.Errorf("%d points, %v at 0", len(points), zero)
	}
	if last := points[len(points)-1]; math.Abs(last.X-199_999e-6) > 1e-12 || last.Y != 1 {
		t.Errorf("the last point is %v", last)
	}
	var times []float64
	for i := range 20_000 {
		at := float64(i) * 1e-3
		if i >= 10_000 {
			at += 5 // one pause
		}
		times = append(times, at)
	}
	steps := thin(times)
	if len(steps) > maxPoints+2 {
		t.Errorf("%d steps", len(steps))
	}
	longest := 0.0
	for i := range steps[1:] {
		longest = max(longest, steps[i+1].X-steps[i].X)
	}
	if longest < 5 || longest > 5+2*times[len(times)-1]/(maxPoints/2) {
		t.Errorf("the pause of 5 s became %v s", longest)
	}
}

func TestWriteErrorsNameTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "absent")
	figure, err := many(10).Figure(Style{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := figure.Write(dir, "figure", PNG, SVG); err == nil || !strings.Contains(err.Error(), "figure.png") {
		t.Errorf("%v", err)
	}
}

// Ticks of an axis on which nothing is, or that is no number, are those to 1.
func TestEvenTicks(t *testing.T) {
	for _, high := range []float64{0, -1, math.NaN(), math.Inf(1), 1} {
		if at := evenTicks(high).at; len(at) < 4 || at[0] != 0 || at[len(at)-1] != 1 {
			t.Errorf("to %v: %v", high, at)
		}
	}
}
