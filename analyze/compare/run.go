package compare

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"metron/analyze"
	"metron/schema"
)

// run is one side: its analysis, and the values of its answered requests.
type run struct {
	name     string
	result   *analyze.Result
	requests []request // that distributions cover, in order of time
}

// request holds one request's values, in the order of metrics; nil is undefined.
type request struct {
	id, source uuid.UUID
	pass       int64 // over the trace that it replays, from 0
	values     []*float64
}

// read analyzes a run. Names are as of schema.OpenArchive.
func read(ctx context.Context, name string, c analyze.Config) (*run, error) {
	r := &run{name: name}
	c.PerRequest = func(row *analyze.RequestRow) error {
		if row.Outcome != schema.OutcomeOK || !row.Measured || row.API == schema.APIOther && row.Chunks == nil {
			return nil
		}
		one := request{id: row.RecordID, source: row.SourceRecordID}
		if row.Loop != nil {
			one.pass = *row.Loop - 1
		}
		for _, m := range metrics() {
			var v *float64
			if m.value != nil {
				v = m.value(row)
			}
			one.values = append(one.values, v)
		}
		r.requests = append(r.requests, one)
		return nil
	}
	var err error
	if r.result, err = analyze.Analyze(ctx, []string{name}, c); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return r, nil
}
