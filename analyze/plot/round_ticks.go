package plot

import "math"

// roundTicks marks round numbers on an axis that need not begin at 0.
func roundTicks(low, high float64) ticks {
	t := evenTicks(high - low)
	step := t.at[1] - t.at[0]
	t.at = nil
	for v := math.Ceil(low/step) * step; v <= high; v += step {
		t.at = append(t.at, math.Round(v/step)*step+0) // no -0
	}
	return t
}

// fewTicks marks 0 and one round number, for a low panel.
func fewTicks(high float64) ticks {
	step := math.Pow(10, math.Floor(math.Log10(high)))
	for _, factor := range []float64{5, 2} {
		if step*factor <= high {
			step *= factor
			break
		}
	}
	return ticks{at: []float64{0, step}, labels: short}
}

// fewer is the look of a plot that has room for so many labels along an axis.
func (l look) fewer(labels int) look {
	l.labels = labels
	return l
}

// short is a round number in little room: "20 k".
func short(v float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{" G", 1e9}, {" M", 1e6}, {" k", 1e3}} {
		if v >= unit.size {
			return plain(v/unit.size) + unit.name
		}
	}
	return plain(v)
}
