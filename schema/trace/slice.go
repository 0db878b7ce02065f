package trace

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"metron/schema"
)

// What a sample is made of.
const (
	BySession = "session" // whole sessions
	ByTenant  = "tenant"  // all that a tenant sent
	ByRequest = "request"
)

// Slice writes some of the rows of files. Fill the fields, then call Run once.
type Slice struct {
	Job
	Selection schema.Selection
	Sample    float64 // share of what Selection leaves; 0: all of it
	SampleBy  string  // BySession, ByTenant or ByRequest
	Seed      uint64
}

// Run writes Out.
func (s *Slice) Run(ctx context.Context) (*Report, error) {
	config := map[string]any{"selection": s.Selection.String()}
	if s.Sample > 0 {
		config["sample"], config["sample_by"], config["seed"] = s.Sample, s.SampleBy, s.Seed
	}
	return s.run(ctx, verb{
		name:      "slice",
		selection: s.Selection,
		footer:    func(in *union, c Counts) (schema.Meta, error) { return in.footer("slice", config, c) },
		edit: func(r *schema.Record) (bool, error) {
			if s.Sample == 0 {
				return true, nil
			}
			r.SampleRate = new(rateOf(r) * s.Sample)
			return s.sampled(r), nil
		},
		unwanted: fmt.Sprintf("not in the sample of %.4g %% (seed %d)", 100*s.Sample, s.Seed),
	})
}

// sampled decides by a hash of what the row belongs to, so that what belongs
// together stays so, the same seed always takes the same, and what a smaller
// share takes a larger one takes, too. A row that belongs to nothing is decided
// by itself.
func (s *Slice) sampled(r *schema.Record) bool {
	kind, id := ByRequest, string(r.RecordID[:])
	switch {
	case s.SampleBy == BySession && r.SessionID != "":
		kind, id = BySession, r.SessionID
	case s.SampleBy == ByTenant && r.Tenant != "":
		kind, id = ByTenant, r.Tenant
	}
	return schema.DrawOf(s.Seed, kind, id).In(s.Sample)
}

// parseShare reads 10% or 0.1.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v > 0 && v <= 1) {
		return 0, fmt.Errorf("%q is not a share such as 10%% or 0.1", text)
	}
	return v, nil
}
