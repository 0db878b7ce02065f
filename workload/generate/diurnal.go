package generate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
)

// curve is a rate over time, straight from point to point.
type curve struct {
	at, rate []float64 // seconds from its first point, and per second there
	sum      []float64 // arrivals that are expected until there
}

// openDiurnal follows a curve by inverting it: gaps are drawn in expected arrivals,
// and each arrival comes when the curve has summed up to it. So no draw is thrown
// away, and gaps need not be exponential.
func openDiurnal(s *spec, e env) process {
	scale := s.orAbove("scale", 1)
	repeat := s.word("repeat")
	gap, _ := modulated(s, e) // the CV of a rate that changes is another one
	p := process{next: func() (arrival, bool) { return arrival{}, false }, rate: math.NaN(), cv: math.NaN(), endless: repeat}
	if s.err != nil {
		return p
	}
	c, err := readCurve(s.path, scale)
	if err != nil {
		s.err = fmt.Errorf("--arrival: read curve %q: %w", s.path, err)
		return p
	}
	last := len(c.at) - 1
	until := c.at[last]
	if limit := float64(e.limitUS) / 1e6; limit < until || repeat && e.limitUS < math.MaxInt64 {
		until = limit
	}
	p.rate = c.mean(until)
	spanUS := microseconds(c.at[last])
	expected, segment, lapsUS := 0.0, 0, int64(0)
	p.next = func() (arrival, bool) {
		expected += float64(microseconds(gap())) / 1e6 // rounded for the sake of other machines
		for expected >= c.sum[segment+1] {
			if segment++; segment < last {
				continue
			}
			if !repeat {
				segment--
				return arrival{}, false
			}
			segment, lapsUS, expected = 0, lapsUS+spanUS, expected-c.sum[last]
		}
		return arrival{us: lapsUS + microseconds(c.when(segment, expected))}, true
	}
	return p
}

// mean is the rate until a time, which may lie laps later.
func (c *curve) mean(until float64) float64 {
	last := len(c.at) - 1
	laps := math.Floor(until / c.at[last])
	return (laps*c.sum[last] + c.until(until-laps*c.at[last])) / until
}

// until is how many arrivals are expected until a time of the curve.
func (c *curve) until(at float64) float64 {
	i := min(sort.SearchFloat64s(c.at, at), len(c.at)-1) // the first point that is not before it
	if i == 0 {
		return 0
	}
	d, slope := at-c.at[i-1], (c.rate[i]-c.rate[i-1])/(c.at[i]-c.at[i-1])
	return c.sum[i-1] + c.rate[i-1]*d + slope*d*d/2
}

// when is the time within a segment at which so many arrivals are expected.
// Conversions keep products and sums apart (see microseconds).
func (c *curve) when(segment int, expected float64) float64 {
	r0, r1 := c.rate[segment], c.rate[segment+1]
	dt := c.at[segment+1] - c.at[segment]
	more := expected - c.sum[segment]
	slope := (r1 - r0) / dt
	root := math.Sqrt(max(0, float64(r0*r0)+float64(2*slope*more)))
	if r0+root == 0 {
		return c.at[segment]
	}
	return c.at[segment] + min(dt, 2*more/(r0+root))
}

// readCurve reads lines of time in seconds and rate per second; one before them, in
// which neither is a number, is a header.
func readCurve(path string, scale float64) (*curve, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace = 2, '#', true
	c := &curve{}
	first, header := 0.0, false
	for {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		at, errAt := strconv.ParseFloat(strings.TrimPrefix(fields[0], "\ufeff"), 64)
		rate, errRate := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
		rate *= scale
		switch {
		case errAt != nil && errRate != nil && len(c.at) == 0 && !header:
			header = true
			continue
		case errAt != nil || errRate != nil:
			return nil, fmt.Errorf("line %d: %q is not a time in seconds and a rate per second", line, strings.Join(fields, ","))
		case !(rate >= 0 && rate <= mostRate):
			return nil, fmt.Errorf("line %d: a rate of %v is not within 0 and %v", line, rate, mostRate)
		case math.IsNaN(at) || math.Abs(at) > 1e9:
			return nil, fmt.Errorf("line %d: %v is no time", line, at)
		}
		if len(c.at) == 0 {
			first = at
		}
		if err := c.add(at-first, rate); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if len(c.at) < 2 {
		return nil, errors.New("a curve has two points or more")
	}
	if c.sum[len(c.sum)-1] == 0 {
		return nil, errors.New("its rate is 0 throughout")
	}
	return c, nil
}

func (c *curve) add(at, rate float64) error {
	sum := 0.0
	if n := len(c.at); n > 0 {
		dt := at - c.at[n-1]
		if dt < 1e-6 {
			return errors.New("its time is not after the one before")
		}
		sum = c.sum[n-1] + float64((c.rate[n-1]+rate)/2*dt)
	}
	c.at, c.rate, c.sum = append(c.at, at), append(c.rate, rate), append(c.sum, sum)
	return nil
}
