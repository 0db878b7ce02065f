package search

import (
	"math"

	"metron/internal/trend"
)

const (
	fewestS    = 20   // seconds of a run before which nothing is said of it
	grownShare = 0.1  // of the requests sent, by which the requests in flight must grow
	blocks     = 20   // means that are compared each with each
	surely     = 3.3  // standard errors by which they must rise: chance does so once in 2,000 times
	rampedUp   = 0.33 // share of the run in which a server may only be filling
)

// Hopeless reports whether a run may be stopped and count as failed: the number of
// requests in flight (Value) only grows, by more than chance and by more than a tenth of the
// requests that are sent, so that whatever waits for them waits ever longer. Ask it every few
// seconds with all points since the run began, one about every 100 ms (At in microseconds).
func Hopeless(inFlight []trend.Point, rate float64) bool {
	n := len(inFlight)
	if n == 0 || inFlight[n-1].At-inFlight[0].At < fewestS*1e6 {
		return false
	}
	points := inFlight[int(float64(n)*rampedUp):]
	grown, ok := trend.Growth(points)
	seconds := float64(points[len(points)-1].At-points[0].At) / 1e6
	return ok && float64(grown) > grownShare*rate*seconds && rising(points) > surely
}

// rising is by how many standard errors means of consecutive points rise more often than they
// fall (Mann, Econometrica 13, 1945; Kendall).
func rising(points []trend.Point) float64 {
	var means [blocks]float64
	for i := range means {
		block := points[i*len(points)/blocks : (i+1)*len(points)/blocks]
		for _, p := range block {
			means[i] += float64(p.Value) / float64(len(block))
		}
	}
	rises := 0.0
	for i := range means {
		for j := range i {
			switch {
			case means[i] > means[j]:
				rises++
			case means[i] < means[j]:
				rises--
			}
		}
	}
	const n = blocks
	return rises / math.Sqrt(n*(n-1)*(2*n+5)/18.0)
}
