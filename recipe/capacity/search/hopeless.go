package search

import (
	"math"
	"sort"

	"metron/internal/trend"
)

const (
	fewestS    = 20   // seconds of a run before which nothing is said of it
	grownShare = 0.1  // of the requests sent, by which the requests in flight must grow
	blocks     = 20   // means that are compared each with each
	surely     = 3.3  // standard errors by which they must rise and grow: chance does so once in 2,000 times
	rampedUp   = 0.33 // share of the run in which a server may only be filling
	answered   = 0.33 // share of the requests sent that must be answered for the time of an answer to be seen
	answers    = 3    // times that time, until which answers may only be on their way
	judged     = 0.33 // share of the run that must be left after both
)

// Progress is how far a run is at a moment, in requests.
type Progress struct{ AtUS, Sent, Done int64 }

// Hopeless reports whether a run may be stopped and count as failed: the number of
// requests in flight only grows, by more than chance and by more than a tenth of the
// requests that are sent, so that whatever waits for them waits ever longer. Ask it every few
// seconds with all that was seen since the run began, once about every 100 ms.
//
// Until the first answers end, requests in flight grow on any server: nothing is said for
// some times as long as an answer takes. Nor is it, therefore, of a rate that is more than about half
// as high again as what the server answers: its queue looks like answers that take as long as the run so far.
func Hopeless(seen []Progress) bool {
	n := len(seen)
	if n == 0 || seen[n-1].AtUS-seen[0].AtUS < fewestS*1e6 {
		return false
	}
	first, last := seen[0], seen[n-1]
	whole := float64(last.AtUS - first.AtUS)
	excused := max(rampedUp*whole, answers*answerUS(seen))
	if excused > (1-judged)*whole {
		return false
	}
	from := sort.Search(n, func(i int) bool { return float64(seen[i].AtUS-first.AtUS) >= excused })
	points, mean := make([]trend.Point, 0, n-from), 0.0
	for _, p := range seen[from:] {
		points = append(points, trend.Point{At: p.AtUS, Value: p.Sent - p.Done})
		mean += float64(p.Sent-p.Done) / float64(n-from)
	}
	grown, ok := trend.Growth(points)
	chance := math.Sqrt(2 * mean) // between two moments of a Poisson process
	return ok && float64(grown) > max(grownShare*float64(last.Sent-seen[from].Sent), surely*chance) && rising(points) > surely
}

// answerUS is how long an answer took that was the last of the first third of the requests, were
// they answered in the order of their sends; endless where so many are not answered yet.
func answerUS(seen []Progress) float64 {
	need := max(1, int64(math.Ceil(answered*float64(seen[len(seen)-1].Sent))))
	done := sort.Search(len(seen), func(i int) bool { return seen[i].Done >= need })
	if done == len(seen) {
		return math.Inf(1)
	}
	sent := sort.Search(len(seen), func(i int) bool { return seen[i].Sent >= seen[done].Done })
	return float64(seen[done].AtUS - seen[sent].AtUS)
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
