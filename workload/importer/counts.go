package importer

import "metron/schema"

// What to do with rows whose input or output length is zero. A negative length
// is always a bad row.
const (
	KeepZero  = "keep"
	DropZero  = "drop"
	FloorZero = "floor" // to one token
)

// Counts says what became of the rows of a source.
type Counts struct {
	Read           int64 `json:"read"`     // rows of the source
	Recorded       int64 `json:"recorded"` // rows that went into the trace
	Bad            int64 `json:"bad"`      // could not be read, and were skipped
	ZeroLength     int64 `json:"zero_length"`
	Dropped        int64 `json:"dropped"` // of the zero_length ones
	Floored        int64 `json:"floored"` // of the zero_length ones
	Inversions     int64 `json:"inversions"`
	SubMicrosecond int64 `json:"sub_microsecond"` // times that were cut to microseconds

	FirstBad string `json:"first_bad,omitempty"` // which and why
}

func (c *Counts) footer() map[string]int64 {
	return map[string]int64{"read": c.Read, "recorded": c.Recorded, "bad": c.Bad, "zero_length": c.ZeroLength, "dropped": c.Dropped,
		"floored": c.Floored, "inversions": c.Inversions, "sub_microsecond": c.SubMicrosecond}
}

// admit applies the policy on zero lengths and says whether the row is kept. One
// whose parent was dropped follows that one's parent.
func (m *Import) admit(r *schema.Record) bool {
	if before, ok := m.dropped[r.ParentRecordID]; ok {
		r.ParentRecordID = before
	}
	zero := false
	for _, n := range []**int64{&r.InputTokens, &r.OutputTokens} {
		if *n != nil && **n == 0 {
			zero = true
			if m.ZeroLength == FloorZero {
				*n = new(int64(1))
			}
		}
	}
	if !zero {
		return true
	}
	m.counts.ZeroLength++
	switch m.ZeroLength {
	case DropZero:
		m.counts.Dropped++
		if r.SessionID != "" {
			m.dropped[r.RecordID] = r.ParentRecordID
		}
		return false
	case FloorZero:
		m.counts.Floored++
	}
	return true
}
