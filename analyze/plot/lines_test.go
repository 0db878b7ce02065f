package plot

import (
	"bytes"
	"strings"
	"testing"
)

// Lines over every kind of axis say what they should, and drawn twice are the
// same bytes.
func TestLines(t *testing.T) {
	curve := func(name string) Curve {
		return Curve{Name: name, X: []float64{0, 1, 10, 100}, Y: []float64{0, 0.25, 0.5, 1}, Step: name == "one"}
	}
	for _, c := range []struct {
		lines Lines
		says  []string
	}{
		{Lines{Title: "Plain", XLabel: "time", YLabel: "rate", Curves: []Curve{curve("one")}, Level: 3}, []string{"Plain", "time", "rate", "20", "3"}},
		{Lines{Title: "Two", Curves: []Curve{curve("one"), curve("other")}, LogX: true, Shares: true}, []string{"one", "other", "75 %", "100"}},
		{Lines{Title: "Times", Curves: []Curve{curve("one")}, LogX: true, LogY: true, Seconds: true, Level: 1}, []string{"10 s", "0.5"}},
		{Lines{Title: "A point", Curves: []Curve{{X: []float64{5}, Y: []float64{1}}}, LogX: true}, []string{"A point", "5"}},
		{Lines{Title: "None", Curves: []Curve{{X: []float64{0}, Y: []float64{1}}}, LogX: true}, []string{"nothing to draw"}},
		{Lines{Title: "Empty"}, []string{"nothing to draw"}},
	} {
		var drawn [2]bytes.Buffer
		for i := range drawn {
			f, err := c.lines.Figure(Style{})
			if err != nil {
				t.Fatalf("%s: %v", c.lines.Title, err)
			}
			if err := f.Encode(&drawn[i], SVG); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(drawn[0].Bytes(), drawn[1].Bytes()) {
			t.Errorf("%s: drawn again it differs", c.lines.Title)
		}
		text := svgText(t, drawn[0].Bytes())
		for _, want := range c.says {
			if !strings.Contains("\n"+text, "\n"+want+"\n") {
				t.Errorf("%s does not say %q:\n%s", c.lines.Title, want, text)
			}
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: %s", c.lines.Title, text)
		}
	}
}

// A curve of very many points is thinned, and keeps its ends.
func TestLinesAreThinned(t *testing.T) {
	c := Curve{}
	for i := range 100_001 {
		c.X, c.Y = append(c.X, float64(i)), append(c.Y, float64(i))
	}
	points := Lines{}.points(c)
	if n := len(points); n > maxPoints+1 || points[0].X != 0 || points[n-1].X != 100_000 {
		t.Errorf("%d points from %v to %v", n, points[0], points[n-1])
	}
}
