package stat

import (
	"encoding/json"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is where a number lies with the probability Confidence. A nil end is not
// bounded. In JSON it is [low, high].
type Interval struct {
	Low, High *float64
}

// MarshalJSON writes both ends, null where there is none.
func (i Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]*float64{i.Low, i.High})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (i *Interval) UnmarshalJSON(b []byte) error {
	var ends [2]*float64
	err := json.Unmarshal(b, &ends)
	i.Low, i.High = ends[0], ends[1]
	return err
}

// Mean is the interval of a mean, from the sample's own, its standard deviation and its
// size, by Student's t.
func Mean(mean, deviation float64, n int64) Interval {
	if n < 2 || math.IsNaN(deviation) || math.IsInf(deviation, 0) {
		return Interval{}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(1 - (1-Confidence)/2)
	half := t * deviation / math.Sqrt(float64(n))
	return Interval{new(mean - half), new(mean + half)}
}

// Share is the interval of a share of n of which part hits (Wilson, JASA 22, 1927).
func Share(part, n int64) Interval {
	if n == 0 {
		return Interval{}
	}
	size, share, z2 := float64(n), float64(part)/float64(n), z()*z()
	middle := (share + z2/(2*size)) / (1 + z2/size)
	half := z() / (1 + z2/size) * math.Sqrt(share*(1-share)/size+z2/(4*size*size))
	return Interval{new(max(0, middle-half)), new(min(1, middle+half))}
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
