package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestChart(t *testing.T) {
	got := Chart{Values: []float64{0, 0.001, 4, 8, 16}, Height: 2, Top: "16/s", From: "0", To: "5 s"}.String()
	want := strings.Join([]string{
		"16/s │    █",
		"     │ ▁▄██",
		"     └─────",
		"      0 5 s",
	}, "\n") + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if flat := (Chart{Values: []float64{0, 0}, Height: 1}).String(); !strings.Contains(flat, " │\n") {
		t.Errorf("nothing at all:\n%s", flat)
	}
	if Width(&bytes.Buffer{}) != 80 {
		t.Error("what is no terminal has not 80 columns")
	}
}
