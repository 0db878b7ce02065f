package importer

import (
	"github.com/google/uuid"

	"metron/schema"
)

// sessions links the rows of a session in the order they come. It takes memory
// by the session, not by the row.
type sessions map[string]turn

// turn is the last row of a session.
type turn struct {
	record  uuid.UUID
	startUS int64
	number  int64 // from 0
}

// add makes r the next turn of a session; "" is none.
func (s sessions) add(r *schema.Record, session string) {
	if session == "" {
		return
	}
	last, later := s[session]
	now := turn{record: r.RecordID, startUS: r.StartTime}
	if later {
		now.number = last.number + 1
		r.ParentRecordID = last.record
	}
	r.SessionID, r.Turn = session, &now.number
	s[session] = now
}
