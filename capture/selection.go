package capture

import (
	"encoding/binary"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"

	"metron/internal/exchange"
)

// What a sample is drawn by.
const (
	sampleByRequest = "request"
	sampleBySession = "session"
	sampleByTenant  = "tenant"
)

// Selection says which requests are recorded; the zero value all. A request that
// is not is forwarded and counted, and of its answer nothing is read.
type Selection struct {
	// Sample is the share that is recorded, 0 for all. SampleBy says of what: of
	// sessions (""), which stay whole, of tenants or of requests.
	Sample   float64
	SampleBy string

	Paths   []string // patterns of path.Match; nil: any path
	Models  []string // patterns of path.Match; nil: any model
	Headers []Header // all of them must be there
}

// Header is a header field and the pattern that its value has.
type Header struct{ Name, Pattern string }

func (s Selection) rate() float64 {
	if s.Sample == 0 {
		return 1
	}
	return s.Sample
}

// takesHead reports whether the filters let a request's head pass.
func (s Selection) takesHead(h *requestHead) bool {
	if len(s.Paths) > 0 && !matchesAny(s.Paths, h.path) {
		return false
	}
	for _, want := range s.Headers {
		if !hasHeader(h.header, want) {
			return false
		}
	}
	return true
}

func hasHeader(h http.Header, want Header) bool {
	for _, v := range h.Values(want.Name) {
		if matches(want.Pattern, v) {
			return true
		}
	}
	return false
}

// takesModel reports whether the filters let a model pass.
func (s Selection) takesModel(model string) bool {
	return len(s.Models) == 0 || matchesAny(s.Models, model)
}

func matchesAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if matches(p, text) {
			return true
		}
	}
	return false
}

// matches is path.Match, but for an asterisk that matches slashes too: one that
// ends a pattern, as in /v1/*, takes all that follows.
func matches(pattern, text string) bool {
	if head, ok := strings.CutSuffix(pattern, "*"); ok && !strings.ContainsAny(head, `*?[\`) {
		return strings.HasPrefix(text, head)
	}
	ok, _ := path.Match(pattern, text) // the command has checked it
	return ok
}

// draws reports whether a sample has what goes by a name: a keyed hash of it, so
// that all of one session or tenant fall on the same side.
func (s Selection) draws(n names, name string) bool {
	if s.rate() >= 1 {
		return true
	}
	sum := n.sum("sample", name)
	return float64(binary.BigEndian.Uint64(sum)>>11)/(1<<53) < s.rate()
}

// filters are the filters in words.
func (s Selection) filters() (all []string) {
	for _, p := range s.Paths {
		all = append(all, "path "+p)
	}
	for _, p := range s.Models {
		all = append(all, "model "+p)
	}
	for _, h := range s.Headers {
		if exchange.IsSecretive(h.Name) {
			all = append(all, "header "+h.Name)
			continue
		}
		all = append(all, "header "+h.Name+"="+h.Pattern)
	}
	return all
}

// shareOf reads a share such as 10% or 0.1.
func shareOf(text string) (float64, bool) {
	digits, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(digits, 64)
	if percent {
		share /= 100
	}
	return share, err == nil && share > 0 && share <= 1 && !math.IsNaN(share)
}
