package capture

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"metron/internal/exchange"
	"metron/internal/term"
	"metron/schema"
)

// Sources of a session's name, beside header:NAME.
const (
	headerPrefix       = "header:"
	byUser             = "user"
	byConversation     = "conversation"
	byPreviousResponse = "previous_response"
)

// checkSources refuses what is no source of a session's name.
func checkSources(by []string) error {
	for _, source := range by {
		name, isHeader := strings.CutPrefix(source, headerPrefix)
		if source == byUser || source == byConversation || source == byPreviousResponse || isHeader && name != "" {
			continue
		}
		return term.WithHint(term.Usagef("--session-by %q names no session", source),
			"it is header:NAME, %s, %s or %s", byUser, byConversation, byPreviousResponse)
	}
	return nil
}

// maxAnswers bounds the answers that a later request can be found to go on from.
const maxAnswers = 1 << 16

// sessions says which session a request belongs to, by what its client says of
// it. It is the recorder's goroutine's.
type sessions struct {
	by      []string
	headers []string // the header fields among them
	names   names

	answers map[string]answer // by response id
	order   []string          // of answers, the oldest first
}

// answer is a row that a later request may go on from.
type answer struct {
	record  uuid.UUID
	session string
	turn    int64
	endUS   int64 // since the Unix epoch
}

func newSessions(by []string, n names) sessions {
	s := sessions{by: by, names: n, answers: map[string]answer{}}
	for _, source := range by {
		if name, ok := strings.CutPrefix(source, headerPrefix); ok {
			s.headers = append(s.headers, name)
		}
	}
	return s
}

// begin fills in what a request's head and body say: headers are the values of
// s.headers, "" for one that is not there.
func (s *sessions) begin(row *schema.Record, x *exchange.Exchange, headers []string) {
	said := x.Request()
	for _, source := range s.by {
		name := ""
		switch source {
		case byUser:
			name = said.User
		case byConversation:
			name = said.Conversation
		case byPreviousResponse:
			if a, ok := s.answers[said.PreviousResponse]; ok {
				row.SessionID, row.ParentRecordID, row.Turn = a.session, a.record, new(a.turn+1)
				row.ThinkTime = new(max(0, row.StartTime-a.endUS))
				return
			}
		default:
			name, headers = headers[0], headers[1:]
		}
		if name != "" {
			row.SessionID = s.names.of("session", name)
			return
		}
	}
}

// end remembers an answer that can be gone on from. The first one of a session
// that nothing else names gives it its name.
func (s *sessions) end(row *schema.Record) {
	if row.API != schema.APIResponses || row.ResponseID == "" || !slices.Contains(s.by, byPreviousResponse) {
		return
	}
	if row.SessionID == "" {
		row.SessionID, row.Turn = s.names.of("session", row.ResponseID), new(int64(0))
	}
	a := answer{record: row.RecordID, session: row.SessionID, endUS: row.StartTime + *row.End}
	if row.Turn != nil {
		a.turn = *row.Turn
	}
	if _, known := s.answers[row.ResponseID]; !known {
		s.order = append(s.order, row.ResponseID)
	}
	s.answers[row.ResponseID] = a
	if len(s.order) > maxAnswers {
		delete(s.answers, s.order[0])
		s.order = s.order[1:]
	}
}
