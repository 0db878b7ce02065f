package importer

import (
	"fmt"

	"github.com/google/uuid"

	"metron/schema"
)

// sessions links the rows of a session in the order they come. It takes memory
// by the session, not by the row.
type sessions map[string]turn

// names gives each name once: one that comes again is another thing, and gets a
// number.
type names map[string]int64

func (n names) once(name string) string {
	if n[name]++; n[name] > 1 {
		return fmt.Sprintf("%s#%d", name, n[name])
	}
	return name
}

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
