package stat

import "math"

// Interval is where a number lies with the probability Confidence. A nil end is not
// bounded.
type Interval struct {
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

// Excludes reports whether the interval lies on one side of v.
func (i Interval) Excludes(v float64) bool {
	return i.Low != nil && *i.Low > v || i.High != nil && *i.High < v
}

// Estimate is a number and where it lies.
type Estimate struct {
	Value float64
	Interval
}

// Difference is b - a and its interval, from the intervals of both, which may be as
// lopsided as those of a tail: the end of the difference takes the end of each that
// moves it that way (MOVER: Zou and Donner, Statistics in Medicine 27, 2008; with the
// correlation of the two estimates, Zou, Psychological Methods 12, 2007).
func Difference(a, b Estimate, correlation float64) Estimate {
	d := Estimate{Value: b.Value - a.Value}
	if b.Low != nil && a.High != nil {
		d.Low = new(d.Value - spread(b.Value-*b.Low, *a.High-a.Value, correlation))
	}
	if b.High != nil && a.Low != nil {
		d.High = new(d.Value + spread(*b.High-b.Value, a.Value-*a.Low, correlation))
	}
	return d
}

func spread(b, a, correlation float64) float64 {
	return math.Sqrt(max(0, b*b+a*a-2*correlation*a*b))
}
