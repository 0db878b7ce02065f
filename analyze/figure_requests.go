package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Requests that are asked for by their rank, by fluidity-index.
const (
	rankWorst  = "worst"
	rankMedian = "median"
	rankBest   = "best"
)

func ranksToDraw() []string { return []string{rankWorst, rankMedian, rankBest} }

// mostRequests stand in one picture.
const mostRequests = 6

func (d Drawing) requests() []string {
	if d.Requests == nil {
		return ranksToDraw()
	}
	return d.Requests
}

// idOf is the one of the requests that begins a record_id; "" none.
func (d Drawing) idOf(record uuid.UUID) string {
	if len(d.Requests) == 0 {
		return ""
	}
	text := record.String()
	for _, name := range d.Requests {
		if strings.HasPrefix(text, name) {
			return name
		}
	}
	return ""
}

func (d Drawing) checkRequests() error {
	if len(d.Requests) > mostRequests {
		return fmt.Errorf("%d requests: one picture shows at most %d", len(d.Requests), mostRequests)
	}
	id := regexp.MustCompile(`^[0-9a-f][0-9a-f-]{0,35}$`)
	for _, name := range d.Requests {
		if !slices.Contains(ranksToDraw(), name) && !id.MatchString(name) {
			return fmt.Errorf("request %q: must be one of %s, or how a record_id begins, in small letters", name, strings.Join(ranksToDraw(), ", "))
		}
	}
	return nil
}
