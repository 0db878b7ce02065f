package capture

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"metron/internal/term"
	"metron/internal/wire"
	"metron/schema"
)

// Sources of a session's name, beside header:NAME.
const (
	headerPrefix       = "header:"
	byUser             = "user"
	byConversation     = "conversation"
	byPreviousResponse = "previous_response"
	byPrefix           = "prefix"
	byNothing          = "none"
)

// checkSources refuses what is no source of a session's name.
func checkSources(by []string) error {
	for _, source := range by {
		switch name, isHeader := strings.CutPrefix(source, headerPrefix); {
		case isHeader && name != "", source == byUser, source == byConversation, source == byPreviousResponse, source == byPrefix:
		case source == byNothing && len(by) == 1:
		default:
			return term.WithHint(term.Usagef("--session-by %q names no session", source),
				"it is header:NAME, %s, %s, %s, %s, or %s alone", byUser, byConversation, byPreviousResponse, byPrefix, byNothing)
		}
	}
	return nil
}

// maxAnswers bounds the answers that a later request can be found to go on from.
const maxAnswers = 1 << 16

// sessions says which session a request belongs to. It is the recorder's
// goroutine's.
type sessions struct {
	by       []string
	windowUS int64
	names    names

	answers answers // by response id, and by prompt
}

// turn is what of a request its successor will need.
type turn struct {
	session string
	turn    *int64
	keys    []string // that its answer will be found by
	record  uuid.UUID
}

func newSessions(by []string, window time.Duration, n names) *sessions {
	return &sessions{by: by, windowUS: window.Microseconds(), names: n, answers: newAnswers(maxAnswers)}
}

// begin fills in what a request says of its session; prompt is its text.
func (s *sessions) begin(row *schema.Record, said *wire.Request, h *requestHead, prompt []byte) *turn {
	t := &turn{record: row.RecordID}
	for _, source := range s.by {
		name := ""
		switch source {
		case byUser:
			name = said.User
		case byConversation:
			name = said.Conversation
		case byPreviousResponse:
			if said.PreviousResponse != "" {
				s.follow(row, responseKey(said.PreviousResponse))
			}
		case byPrefix:
			s.grow(row, t, prompt)
		default:
			if header, ok := strings.CutPrefix(source, headerPrefix); ok {
				name = h.header.Get(header)
			}
		}
		if name != "" {
			row.SessionID = s.names.of("session", name)
		}
		if row.SessionID != "" {
			break
		}
	}
	t.session, t.turn = row.SessionID, row.Turn
	return t
}

// follow makes a row the next turn after an answer, if there is one.
func (s *sessions) follow(row *schema.Record, key string) bool {
	a, ok := s.answers.find(key)
	if !ok || row.StartTime-a.endUS > s.windowUS {
		return false
	}
	row.SessionID, row.ParentRecordID, row.Turn = a.session, a.record, new(a.turn+1)
	row.ThinkTime = new(max(0, row.StartTime-a.endUS))
	return true
}

// grow finds the longest prompt among those of earlier requests that this one
// begins with, line by line, and is longer than: such a request goes on from that
// one's answer. One that goes on from none begins a session.
func (s *sessions) grow(row *schema.Record, t *turn, prompt []byte) {
	lines := s.names.hashLines(prompt, row.Tenant+"\x00"+row.RequestModel)
	if len(lines) == 0 || row.API == schema.APIEmbeddings {
		return
	}
	t.keys = append(t.keys, promptKey(lines[len(lines)-1]))
	for i := len(lines) - 2; i >= 0; i-- {
		if s.follow(row, promptKey(lines[i])) {
			return
		}
	}
	row.SessionID, row.Turn = s.names.of("session", row.RecordID.String()), new(int64(0))
}

// end remembers an answer that can be gone on from. The first one of a session
// that nothing else names gives it its name.
func (s *sessions) end(row *schema.Record, t *turn, endUS int64) {
	if row != nil && row.API == schema.APIResponses && row.ResponseID != "" && slices.Contains(s.by, byPreviousResponse) {
		t.keys = append(t.keys, responseKey(row.ResponseID))
		if t.session == "" {
			t.session, t.turn = s.names.of("session", row.ResponseID), new(int64(0))
			row.SessionID, row.Turn = t.session, t.turn
		}
	}
	a := answer{record: t.record, session: t.session, endUS: endUS}
	if t.turn != nil {
		a.turn = *t.turn
	}
	for _, key := range t.keys {
		s.answers.put(key, a)
	}
}
