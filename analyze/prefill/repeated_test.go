package prefill

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// ladder measures some lengths of a truth, each several times.
func ladder(truth Quadratic, repeat int, noise func() float64) (points []Point) {
	for range repeat {
		for tokens := 16.0; tokens <= 32768; tokens *= 2 {
			points = append(points, Point{int64(tokens), int64(math.Round(truth.at(tokens) * noise()))})
		}
	}
	return points
}

func TestRepeatedFindsTheCurve(t *testing.T) {
	truth := Quadratic{3000, 18, 0.0005}
	m, err := Repeated(ladder(truth, 6, func() float64 { return 1 }))
	if err != nil {
		t.Fatal(err)
	}
	for _, tokens := range []int64{1, 16, 1000, 32768, 100_000} {
		want := truth.at(float64(tokens))
		us, guessed := m.US(tokens)
		low, high, ok := m.Band(tokens)
		if math.Abs(float64(us)-want) > 1+want/1000 || guessed != (tokens < 16 || tokens > 32768) {
			t.Errorf("%d tokens: %d us (a guess: %v), want %.0f", tokens, us, guessed, want)
		}
		if !ok || low > us || high < us-1 {
			t.Errorf("%d tokens: %d us lies outside of its band, %d to %d (%v)", tokens, us, low, high, ok)
		}
	}
	if l := m.Lengths[3]; l.Tokens != 128 || l.Count != 6 || l.LowUS == nil || *l.LowUS != l.MedianUS || l.MaxUS != l.MinUS {
		t.Errorf("length %+v", l)
	}
}

// TestRepeatedIsRobust: one measurement of each length that took ten times as long
// moves the model less than the spread of the others.
func TestRepeatedIsRobust(t *testing.T) {
	truth := Quadratic{3000, 18, 0.0005}
	rnd := rand.New(rand.NewPCG(3, 4))
	n := 0
	slow := func() float64 {
		if n++; n <= 12 { // the first pass
			return 10
		}
		return math.Exp(0.02 * rnd.NormFloat64())
	}
	m, err := Repeated(ladder(truth, 7, slow))
	if err != nil {
		t.Fatal(err)
	}
	for tokens := int64(16); tokens <= 32768; tokens *= 2 {
		us, _ := m.US(tokens)
		want := truth.at(float64(tokens))
		if off := math.Abs(float64(us)/want - 1); off > 0.03 {
			t.Errorf("%d tokens: off by %.1f %%", tokens, 100*off)
		}
	}
}

// TestRepeatedTravels: what was measured at each length is in the file, too.
func TestRepeatedTravels(t *testing.T) {
	m, err := Repeated(ladder(Quadratic{3000, 18, 0.0005}, 5, func() float64 { return 1 }))
	if err != nil {
		t.Fatal(err)
	}
	m.Notes = []string{"a note"}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	back, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.MarshalIndent(back, "", "  ")
	if string(again)+"\n" != text {
		t.Errorf("%s\ncomes back as\n%s", text, again)
	}
	if _, _, ok := back.Band(100); ok || back.Lengths[0].LowUS != nil {
		t.Errorf("of five there is no interval of a median, and of a file no band: %+v", back.Lengths[0])
	}
}

// manyLengths are each a little longer than the one before.
func manyLengths() (points []Point) {
	for n := int64(100); n < 5000; n += n / 50 {
		points = append(points, Point{n, 9})
	}
	return points
}

func TestAreRepeated(t *testing.T) {
	one := func() float64 { return 1 }
	for _, c := range []struct {
		name   string
		points []Point
		want   bool
	}{
		{"none", nil, false},
		{"single", ladder(Quadratic{ConstantUS: 1000}, 1, one), false},
		{"repeated", ladder(Quadratic{ConstantUS: 1000}, 3, one), true},
		{"one length", []Point{{5, 9}, {5, 9}, {5, 9}, {5, 9}}, false},
		{"nearly one length", []Point{{1000, 9}, {1004, 9}, {1009, 9}, {2000, 9}, {2001, 9}, {2002, 9}, {3000, 9}, {3001, 9}, {3002, 9}}, true},
		{"by a tokenizer of its own", []Point{{124, 9}, {126, 9}, {133, 9}, {251, 9}, {264, 9}, {274, 9}, {507, 9}, {524, 9}, {528, 9}}, true},
		{"any length", manyLengths(), false},
	} {
		if got := AreRepeated(c.points); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if _, err := Repeated(c.points); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
