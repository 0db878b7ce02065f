package plot

import (
	"bytes"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// Every way of drawing says what it should on a slide and in a column, light and dark, and
// where there is nothing to draw.
func TestStyles(t *testing.T) {
	times := []float64{0.01, 0.02, 0.02, 0.03, 0.05, 0.08, 0.1, 0.2, 0.4, 2}
	points := []Percentiles{{10, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06}, {100, 0.02, 0.03, 0.04, 0.05, 0.06, 0.2}, {0, 0, 0, 0, 0, 0, 0}}
	cdf := CDF{Count: 10, Values: values(times...), Marks: []Mark{{"p99", 0.99, 2}}}
	for name, f := range map[string]struct {
		data Data
		says []string
	}{
		"violins": {Violins{Title: "Violins", Groups: []Violin{{"64", times, 1234, 0.02, 0.05, 0.2, 2}, {"128", times[:2], 2, 0, 0, 0, 0}, {Name: "256"}}},
			[]string{"Violins", "64", "1,234", "p25 to p75", "1 s"}},
		"no violins":   {Violins{}, []string{"no value above 0"}},
		"one value":    {Violins{Groups: []Violin{{"64", slices.Repeat([]float64{0.02}, 20), 20, 0.02, 0.02, 0.02, 0.02}}}, []string{"20 ms"}},
		"bands":        {Bands{Title: "Bands", Points: points}, []string{"Bands", "p10 to p90", "p99", "100"}},
		"model":        {Bands{Points: points, Model: &ModelCurve{"fitted", "its band", []float64{5, 200}, []float64{0.01, 0.02}, []float64{0.005, 0.01}, []float64{0.02, 0.03}}}, []string{"fitted", "its band"}},
		"no band":      {Bands{Points: points, Model: &ModelCurve{Name: "fitted", X: []float64{5, 200}, Y: []float64{0.01, 0.02}}}, []string{"fitted"}},
		"no bands":     {Bands{Points: points[:1]}, []string{"too few lengths"}},
		"shares":       {ShareCDF{Title: "Shares", Values: slices.Values([]float64{0, 0, 0.05, 1}), Count: 4, Target: 0.1, AtTarget: 0.75, Marks: []Mark{{"p90", 0.9, 1}}}, []string{"75 %", "p90  100 %", "miss at most 10 %"}},
		"no shares":    {ShareCDF{}, []string{"no value"}},
		"lag":          {Lag{Title: "Lag", YLabel: "lag", StepS: 0.5, Steps: []LagStep{{0, 0.001, 0.002}, {0.5, 0.001, 0.004}}, CDF: cdf}, []string{"Lag", "p50 of each 500 ms", "p99  2.00 s", "5 ms"}},
		"lag of zeros": {Lag{Steps: []LagStep{{0, 0, 0}}, CDF: CDF{Values: values(0), Count: 1}}, []string{"no value above 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, theme := range Themes() {
				for _, size := range Sizes() {
					figure, err := f.data.Figure(Style{theme, size})
					if err != nil {
						t.Fatal(err)
					}
					said := strings.ReplaceAll(svgText(t, drawn(t, figure, SVG)), "\n", " ")
					for _, want := range f.says {
						if !strings.Contains(strings.Join(strings.Fields(said), " "), strings.Join(strings.Fields(want), " ")) {
							t.Errorf("%s %s does not say %q: %s", theme, size, want, said)
						}
					}
				}
			}
		})
	}
	if err := (Style{Theme: "pink"}).Check(); err == nil || !strings.Contains(err.Error(), "light") {
		t.Error(err)
	}
	if err := (Style{Size: "wall"}).Check(); err == nil || !strings.Contains(err.Error(), "slide") {
		t.Error(err)
	}
}

// A dark figure stands on dark ground, a column has its width, and a PDF is one.
func TestStyleIsDrawn(t *testing.T) {
	figure, err := many(500).Figure(Style{Dark, Column})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(drawn(t, figure, PNG)))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 1333 || size.Y != 1000 {
		t.Errorf("the column is %v", size)
	}
	if r, _, _, _ := picture.At(1, 1).RGBA(); r>>8 > 0x30 {
		t.Errorf("the ground is %#x", r)
	}
	pdf := drawn(t, figure, PDF)
	if !bytes.HasPrefix(pdf, []byte("%PDF")) || !bytes.Contains(pdf, []byte("/LiberationSans")) {
		t.Errorf("no PDF with its font: %.40q", pdf)
	}
	if !bytes.Equal(drawn(t, figure, PDF), pdf) {
		t.Error("drawn twice, the bytes of the PDF differ")
	}
	if _, err := ParseFormats("png,gif"); err == nil || !strings.Contains(err.Error(), "gif") {
		t.Error(err)
	}
	if got, err := ParseFormats("pdf,svg"); err != nil || !slices.Equal(got, []Format{PDF, SVG}) {
		t.Errorf("%v, %v", got, err)
	}
}

// In grey, no two series look alike: their dashes differ.
func TestSeriesAreToldApartInGrey(t *testing.T) {
	for _, theme := range Themes() {
		l := Style{Theme: theme}.look()
		seen := map[string]bool{}
		for i := range l.palette {
			dashes := ""
			for _, d := range l.curve(i).Dashes {
				dashes += fmt.Sprint(d, " ")
			}
			if seen[dashes] {
				t.Errorf("%s: series %d has the dashes of another", theme, i)
			}
			seen[dashes] = true
		}
	}
}
