package analyze

import "math"

// Etalon's numbers come out of float64 seconds, Python's floor division
// included. This file does the same operations in the same order, so that a
// person who moves from Etalon finds the last bit of its answers again.

// EtalonDeadlines are Deadlines in seconds.
type EtalonDeadlines struct {
	TTFT       float64
	TBT        float64
	DecodeOnly bool
}

// Etalon counts deadlines as Exact does, in Etalon's arithmetic.
func Etalon(gaps []float64, d EtalonDeadlines) Score {
	var score Score
	slack := 0.0
	for i, g := range gaps {
		due, late := d.TBT, 0.0
		switch {
		case i == 0 && d.DecodeOnly:
			continue
		case i == 0:
			due = d.TTFT
		}
		if g <= due+slack {
			slack += due - g
			score.Met++
			continue
		}
		if i == 0 {
			late = 1 + floorDiv(g-slack-d.TTFT, d.TBT)
		} else {
			late = floorDiv(g-slack, d.TBT)
		}
		score.Missed += int64(late)
		slack = 0
	}
	return score
}

// Constants of Etalon's search for a minimum deadline, in seconds.
const (
	EtalonUnattainable = 1e10 // both the top of its search and its answer where there is none
	etalonStep         = 1e-4
)

// EtalonMinTBTDeadline is Etalon's own bisection over float seconds. It stops
// within a tenth of a millisecond, steps past what it tried by as much, and
// answers EtalonUnattainable where no deadline it tried will do.
func EtalonMinTBTDeadline(rho float64, missRate func(tbt float64) float64) float64 {
	found, low, high := EtalonUnattainable, 0.0, EtalonUnattainable
	for high-low > etalonStep {
		tbt := (low + high) / 2
		if missRate(tbt) > rho {
			low = tbt + etalonStep
		} else {
			found, high = tbt, tbt-etalonStep
		}
	}
	return found
}

// floorDiv is Python's a // b for floats: the quotient is taken from what the
// exact remainder leaves of a, so that 1.0 // 0.1 is 9 (0.1 is a little more than
// a tenth) where floor(1.0 / 0.1) is 10.
func floorDiv(a, b float64) float64 {
	if b == 0 {
		return math.NaN() // Python raises an error
	}
	rest := math.Mod(a, b)
	quotient := (a - rest) / b
	if rest != 0 && (b < 0) != (rest < 0) {
		quotient--
	}
	if quotient == 0 {
		return math.Copysign(0, a/b)
	}
	floor := math.Floor(quotient)
	if quotient-floor > 0.5 {
		floor++
	}
	return floor
}
