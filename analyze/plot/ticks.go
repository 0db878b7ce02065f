package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks marks an axis at given places.
type ticks struct {
	at     []float64
	labels func(float64) string
}

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for _, v := range t.at {
		if v >= low-1e-9*(high-low) && v <= high+1e-9*(high-low) {
			out = append(out, plot.Tick{Value: v, Label: t.labels(v)})
		}
	}
	return out
}

// logTicks marks round numbers of seconds over a logarithmic axis, as many as have room.
func (l look) logTicks(low, high float64) ticks {
	t := ticks{labels: duration}
	for _, steps := range [][]float64{tenths(1), tenths(2), tenths(5), {1, 1.5, 2, 3, 4, 5, 7}, {1, 2, 5}, {1, 3}, {1}} {
		t.at = nil
		for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high; decade *= 10 {
			for _, s := range steps {
				if v := s * decade; v >= low && v <= high {
					t.at = append(t.at, v)
				}
			}
		}
		if len(t.at) <= l.labels {
			break
		}
	}
	return t.atMost(l.labels)
}

// tenths is 1 to 9.9 in steps of so many tenths, for an axis within a decade.
func tenths(step int) (out []float64) {
	for i := 10; i < 100; i += step {
		out = append(out, float64(i)/10)
	}
	return out
}

// atMost leaves so many.
func (t ticks) atMost(labels int) ticks {
	for len(t.at) > labels {
		t.at = everySecond(t.at)
	}
	return t
}

func everySecond(list []float64) (out []float64) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, list[i])
	}
	return out
}

// duration is a round time without the digits that term.Seconds adds: "20 ms".
func duration(s float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}} {
		if s >= unit.size*0.9995 {
			return plain(s/unit.size) + " " + unit.name
		}
	}
	return plain(s*1e6) + " µs"
}

// evenTicks marks four to seven round numbers from 0 to high, those to 1 where it is no
// number above 0.
func evenTicks(high float64) ticks {
	if !(high > 0) || math.IsInf(high, 1) {
		high = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(high/4)))
	for _, factor := range []float64{10, 5, 2} {
		if high/(step*factor) >= 3 {
			step *= factor
			break
		}
	}
	t := ticks{labels: plain}
	for i := 0.0; i*step <= high; i++ {
		t.at = append(t.at, i*step)
	}
	return t
}

// shareTicks marks every quarter of 1, and what else matters.
func shareTicks(more ...float64) ticks {
	return ticks{at: append([]float64{0, 0.25, 0.5, 0.75, 1}, more...), labels: func(v float64) string { return plain(v*100) + " %" }}
}

// plain is a round number with what digits it needs: "0.5", "20".
func plain(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// logScale is gonum's, but that the middle of an axis lies in its middle. To find the room
// that a label in the middle takes gonum asks where the mean of the ends lies, which
// over a logarithm is almost the upper one, and would leave a gap there.
type logScale struct{ plot.LogScale }

// Normalize implements plot.Normalizer.
func (s logScale) Normalize(low, high, x float64) float64 {
	if x == 0.5*(high+low) {
		return 0.5
	}
	return s.LogScale.Normalize(low, high, x)
}
