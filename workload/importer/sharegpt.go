package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"metron/schema"
)

func shareGPTFormat() Format {
	return Format{
		Name:  "sharegpt",
		Usage: "ShareGPT conversations, a JSON array: content without times",
		Details: "Each element is a conversation: id and conversations, a list of {from, value}. Every answer (gpt, assistant)\n" +
			"makes a request of what stands before it, so a later turn has the whole context. An id that comes\n" +
			"again is another session, ID#2. When conversations begin the file does not say: --session-starts does, and\n" +
			"--think-time what lies between turns, which in a replay counts from the end of the answer before. Lengths in\n" +
			"tokens are not known; the answers themselves are kept as the context of later turns.",
		Example: "metron import sharegpt ShareGPT_V3.json --session-starts 2/s --think-time 20s --out chats.parquet",
		Takes:   []string{"epoch", "session-starts", "think-time"},
		sniff: func(h *head) string {
			return h.because(h.has("conversations"), "it is objects with conversations")
		},
		open: openShareGPT,
	}
}

// shareConversation is an element as it stands.
type shareConversation struct {
	ID            string         `json:"id"`
	Conversations []shareMessage `json:"conversations"`
}

type shareMessage struct {
	From  string `json:"from"`
	Value string `json:"value"`
}

type shareGPT struct {
	*elements
	ids     *rowIDs
	turns   sessions
	names   names
	session string // name of the one at hand
	at      shareConversation
	read    int // messages of it
	context []chatMessage
	zeroUS  int64
	turn    int64
}

func openShareGPT(in *input) (source, error) {
	e, err := openElements(in)
	if err != nil {
		return nil, err
	}
	return &shareGPT{elements: e, ids: newRowIDs("sharegpt", in), turns: sessions{}, names: names{}}, nil
}

func (s *shareGPT) next(r *schema.Record) error {
	for {
		for ; s.read < len(s.at.Conversations); s.read++ {
			m := s.at.Conversations[s.read]
			answer := m.From == "gpt" || m.From == "assistant" || m.From == "chatgpt" || m.From == "bing" || m.From == "bard"
			if answer && len(s.context) > 0 {
				err := s.fill(r)
				s.context = append(s.context, chatMessage{"assistant", m.Value})
				s.read++
				return err
			}
			role := "user"
			switch {
			case answer:
				role = "assistant" // it opens the conversation
			case m.From == "system":
				role = "system"
			}
			s.context = append(s.context, chatMessage{role, m.Value})
		}
		if err := s.conversation(); err != nil {
			return err
		}
	}
}

// conversation goes on to the next one that has an answer.
func (s *shareGPT) conversation() error {
	s.at, s.read, s.context, s.turn = shareConversation{}, 0, nil, 0
	if err := s.elements.next(&s.at); err != nil {
		return err
	}
	if s.at.Conversations == nil {
		s.in.rows++
		return s.bad(errors.New("it is no conversation: key \"conversations\" is missing"))
	}
	answered := func(m shareMessage) bool { return m.From != "human" && m.From != "user" && m.From != "system" }
	if !slices.ContainsFunc(s.at.Conversations, answered) {
		return nil // nothing was asked and answered, so it begins nothing
	}
	s.session = s.names.once(s.in.scopedName(cmp.Or(s.at.ID, fmt.Sprintf("conversation %d", s.n))))
	startUS, err := s.in.options.starts.next()
	s.zeroUS = s.in.options.EpochUS + startUS
	return err
}

func (s *shareGPT) fill(r *schema.Record) error {
	s.in.rows++
	fillChat(r)
	think := s.in.options.ThinkTime.Microseconds()
	r.StartTime = s.zeroUS + s.turn*think
	if err := setBody(r, "messages", s.context); err != nil {
		return err
	}
	r.RecordID = s.ids.id(s.in.rows, r.RequestBody)
	s.turns.add(r, s.session)
	if s.turn > 0 {
		r.ThinkTime = &think
	}
	s.turn++
	return nil
}

func (s *shareGPT) remarks() []string {
	return []string{"lengths in tokens are not known: the file holds text, and a replay's server counts it"}
}
