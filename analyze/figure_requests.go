package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Requests that are asked for by their rank, by fluidity-index.
const (
	rankWorst  = "worst"
	rankMedian = "median"
	rankBest   = "best"
)

func drawnRanks() []string { return []string{rankWorst, rankMedian, rankBest} }

// mostRequests stand in one picture.
const mostRequests = 6

func (d Drawing) requests() []string {
	if len(d.Requests) == 0 {
		return drawnRanks()
	}
	return d.Requests
}

func (d Drawing) checkRequests() error {
	if len(d.Requests) > mostRequests {
		return fmt.Errorf("%d requests: one picture shows at most %d", len(d.Requests), mostRequests)
	}
	id := regexp.MustCompile(`^[0-9a-f][0-9a-f-]{0,35}$`)
	for _, name := range d.Requests {
		if !slices.Contains(drawnRanks(), name) && !id.MatchString(name) {
			return fmt.Errorf("request %q: must be one of %s, or how a record_id begins, in small letters", name, strings.Join(drawnRanks(), ", "))
		}
	}
	return nil
}
