package replay

import (
	"errors"
	"fmt"
	"math/big"
	"math/bits"
)

// Speed is an exact ratio num/den; the zero value is 1.
type Speed struct{ num, den int64 }

// ParseSpeed reads a positive decimal such as "2", "0.5" or "12.25".
func ParseSpeed(text string) (Speed, error) {
	r, ok := positive(text)
	if !ok {
		return Speed{}, fmt.Errorf("speed %q is not a positive number such as 1, 0.5 or 20", text)
	}
	return Speed{r.Num().Int64(), r.Denom().Int64()}, nil
}

// positive reads a decimal above 0 whose ratio stays small.
func positive(text string) (*big.Rat, bool) {
	r, ok := new(big.Rat).SetString(text)
	return r, ok && r.Sign() > 0 && r.Num().IsInt64() && r.Denom().IsInt64() && r.Num().Int64() <= 1e9 && r.Denom().Int64() <= 1e9
}

// scale gives us/speed, rounded down.
func (s Speed) scale(us int64) int64 {
	if s.num == 0 {
		return us
	}
	hi, lo := bits.Mul64(uint64(us), uint64(s.den))
	if hi >= uint64(s.num) {
		return 1<<63 - 1 // beyond any schedule
	}
	q, _ := bits.Div64(hi, lo, uint64(s.num))
	return int64(min(q, 1<<63-1))
}

func (s Speed) String() string {
	if s.num == 0 {
		return "1"
	}
	return big.NewRat(s.num, s.den).RatString()
}

func (s Speed) float() float64 {
	if s.num == 0 {
		return 1
	}
	return float64(s.num) / float64(s.den)
}

// Rate asks for a speed by the requests a second that it makes, of all shards
// together; the shape stays the trace's. The zero value asks for nothing.
type Rate struct {
	text string
	mean *big.Rat // requests/s over the length of the schedule
	peak int64    // requests in the busiest second
}

// ParseMeanRate reads requests a second, such as 20 or 0.5.
func ParseMeanRate(text string) (Rate, error) {
	r, ok := positive(text)
	if !ok {
		return Rate{}, fmt.Errorf("%q is not a positive number of requests a second", text)
	}
	return Rate{text: "mean " + text, mean: r}, nil
}

// maxPeak bounds the arrivals that are kept to find the busiest second.
const maxPeak = 1 << 20

// ParsePeakRate reads a whole number of requests.
func ParsePeakRate(text string) (Rate, error) {
	r, ok := positive(text)
	if !ok || !r.IsInt() || r.Num().Int64() > maxPeak {
		return Rate{}, fmt.Errorf("%q is not a whole number of requests from 1 to %d", text, maxPeak)
	}
	return Rate{text: "peak " + text, peak: r.Num().Int64()}, nil
}

// IsZero reports whether no rate is asked for.
func (r Rate) IsZero() bool { return r.text == "" }

func (r Rate) String() string { return r.text }

// speed is what makes the rate of a measured pass: exactly, where a pass of n
// requests lasts lengthUS and no n = peak+1 requests follow each other closer
// than closestUS.
func (r Rate) speed(n, lengthUS, closestUS int64) (Speed, error) {
	ratio := new(big.Rat)
	switch {
	case r.peak > 0 && n <= r.peak:
		return Speed{}, fmt.Errorf("a peak rate of %d/s cannot be made of %d requests", r.peak, n)
	case r.peak > 0 && closestUS == 0:
		return Speed{}, fmt.Errorf("a peak rate of %d/s cannot be made: the trace has more requests than that at one moment", r.peak)
	case r.peak > 0:
		ratio.SetFrac64(closestUS, 1e6)
	case lengthUS == 0:
		return Speed{}, errors.New("a mean rate cannot be made of requests that are all at one moment; --to can give the window a length")
	default:
		perPass := new(big.Rat).Mul(r.mean, new(big.Rat).SetFrac64(lengthUS, 1e6)) // requests, at the rate asked for
		ratio.Quo(perPass, new(big.Rat).SetInt64(n))
	}
	if !ratio.Num().IsInt64() || !ratio.Denom().IsInt64() {
		return Speed{}, fmt.Errorf("the rate, %s requests/s, is too fine a number for %d requests; give it fewer digits", r.text, n)
	}
	return Speed{ratio.Num().Int64(), ratio.Denom().Int64()}, nil
}

// closest finds the shortest time in which one more than peak requests arrive: the speed
// at which that time is a second makes the peak rate.
type closest struct {
	first []int64 // the first peak arrivals of a pass
	ring  []int64 // the last ones
	next  int
	us    int64 // shortest so far; 0 before n says otherwise
	seen  bool
}

func (c *closest) add(us, peak int64) {
	if peak == 0 {
		return
	}
	if int64(len(c.ring)) < peak {
		c.first, c.ring = append(c.first, us), append(c.ring, us)
		return
	}
	if d := us - c.ring[c.next]; !c.seen || d < c.us {
		c.us, c.seen = d, true
	}
	c.ring[c.next] = us
	c.next = (c.next + 1) % len(c.ring)
}

// again adds the beginning of a next pass, one period after the pass that was added: no
// time that goes over its end reaches beyond them, since a pass has more than peak requests.
func (c *closest) again(periodUS, peak int64) {
	for _, us := range c.first {
		c.add(us+periodUS, peak)
	}
}
