package replay

import (
	"testing"
	"time"

	"metron/schema"
)

func TestDeparture(t *testing.T) {
	row := schema.Record{Outcome: schema.OutcomeClientAbort, ClientAbort: new(int64(500)), Dispatched: new(int64(100)),
		ChunkTime: []int64{200, 300, 501}, ChunkKind: []int8{schema.KindRole, schema.KindContent, schema.KindContent}, ChunkTokens: []int32{0, 4, 1}}
	early := row
	early.ChunkTime, early.ChunkKind, early.ChunkTokens = nil, nil, nil
	stayed := row
	stayed.Outcome = schema.OutcomeOK
	for _, c := range []struct {
		mode Aborts
		row  schema.Record
		want departure
	}{
		{AbortsTime, row, departure{after: 400 * time.Microsecond}},
		{AbortsTokens, row, departure{tokens: 4}},
		{AbortsTokens, early, departure{after: 400 * time.Microsecond}}, // it had seen none
		{AbortsOff, row, departure{}},
		{"", row, departure{}},
		{AbortsTime, stayed, departure{}},
	} {
		if got := c.mode.departureOf(&c.row); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.mode, got, c.want)
		}
	}
}
