package profile

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"metron/analyze"
	"metron/analyze/prefill"
	"metron/schema"
)

// samplesOf reads the rows of a round in the order of their sends. When the first token
// came is what analyze says.
func samplesOf(ctx context.Context, path string, asked map[uuid.UUID]int64) (samples []Sample, err error) {
	first := map[uuid.UUID]int64{}
	_, err = analyze.Analyze(ctx, []string{path}, analyze.Config{Sections: []string{}, PerRequest: func(r *analyze.RequestRow) error {
		if r.TTFTS != nil {
			first[r.RecordID] = int64(math.Round(*r.TTFTS * 1e6))
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	f, err := schema.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for r, err := range f.Records() {
		if err != nil {
			return nil, err
		}
		samples = append(samples, sampleOf(r, asked[r.SourceRecordID], first[r.RecordID]))
	}
	return samples, nil
}

func sampleOf(r *schema.Record, asked, firstUS int64) Sample {
	s := Sample{Asked: asked, Point: prefill.Point{Tokens: asked, US: firstUS}}
	if r.InputTokens != nil {
		s.Tokens = *r.InputTokens
	}
	if r.CachedInputTokens != nil {
		s.Cached = min(*r.CachedInputTokens, s.Tokens)
		s.Tokens -= s.Cached
	}
	if r.Outcome == schema.OutcomeOK {
		return s
	}
	s.Failure = strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Outcome, r.ErrorType, r.ErrorMessage))
	if r.HTTPStatus != nil {
		switch s.Failure = fmt.Sprintf("status %d: %s", *r.HTTPStatus, r.ErrorMessage); *r.HTTPStatus {
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			s.Refused = true
		}
	}
	return s
}
