package importer

import (
	"encoding/json"
	"errors"
	"fmt"

	"metron/internal/term"
	"metron/schema"
)

func mooncakeFormat() Format {
	return Format{
		Name:  "mooncake",
		Usage: "Mooncake traces (FAST'25), JSON lines, and AIPerf's dialect of them",
		Details: "Keys: timestamp (milliseconds), input_length, output_length, hash_ids (of blocks of 512 tokens; AIPerf's\n" +
			"may be of others: --block-size). AIPerf adds session_id, delay (milliseconds after the turn before), and\n" +
			"text_input or messages, the prompt itself. Turns of a session accumulate: a later one's prompt is all\n" +
			"before it and its own input_length; its hash_ids, of its own text alone, are left out. A turn without a\n" +
			"timestamp is put at its delay after the start of the one before, and waits for its end in a replay.\n" +
			"The public conversation trace has stamps on a grid of 3 s: see --spread.",
		Example: "metron import mooncake mooncake-conversation.jsonl --spread uniform --out mooncake.parquet",
		Takes:   []string{"epoch", "block-size"},
		sniff: func(h *head) string {
			holds := h.lines && h.hasAny("timestamp", "delay", "session_id") && h.hasAny("input_length", "text_input", "messages") && !h.hasAny("chat_id", "start_time")
			return h.because(holds, "it is lines of objects with input_length, text_input or messages, and a timestamp or a session")
		},
		open: openMooncake,
	}
}

// mooncakeRow is a line as it stands.
type mooncakeRow struct {
	Timestamp    number          `json:"timestamp"` // ms
	InputLength  *int64          `json:"input_length"`
	OutputLength *int64          `json:"output_length"`
	HashIDs      []int64         `json:"hash_ids"`
	SessionID    string          `json:"session_id"`
	Delay        number          `json:"delay"` // ms
	TextInput    *string         `json:"text_input"`
	Messages     json.RawMessage `json:"messages"`
}

type mooncake struct {
	in       *input
	ids      *rowIDs
	sessions sessions
	held     map[string]*history
	block    int64
	dropped  int64 // later turns whose hashes were left out
	whole    int64 // rows with messages, likewise
}

// history is what a session's next turn has before it.
type history struct {
	tokens   *int64 // nil: unknown
	messages []chatMessage
}

func openMooncake(in *input) (source, error) {
	block := in.options.BlockSize
	if block == 0 {
		block = 512
	}
	return &mooncake{in: in, ids: newRowIDs("mooncake", in), sessions: sessions{}, held: map[string]*history{}, block: block}, nil
}

func (m *mooncake) next(r *schema.Record) error {
	line, err := m.in.row()
	if err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = m.ids.id(m.in.rows, line)
	var row mooncakeRow
	if err = decode(line, &row); err == nil {
		err = m.fill(r, &row)
	}
	if err != nil {
		return m.in.bad(err)
	}
	return nil
}

func (m *mooncake) fill(r *schema.Record, row *mooncakeRow) error {
	if string(row.Messages) == "null" {
		row.Messages = nil
	}
	row.SessionID = m.in.scopedName(row.SessionID)
	last, later := m.sessions[row.SessionID]
	if row.InputLength == nil && row.TextInput == nil && row.Messages == nil {
		return errors.New(`key "input_length" is missing`)
	}
	if err := checkLengths("input_length", row.InputLength, "output_length", row.OutputLength); err != nil {
		return err
	}
	delay, err := row.Delay.span("delay", millisToUS)
	if err != nil {
		return err
	}
	switch {
	case row.Timestamp != "":
		at, cut, err := row.Timestamp.scaled("timestamp", millisToUS)
		if err != nil {
			return err
		}
		r.StartTime = m.in.options.EpochUS + at
		m.in.countCut(cut)
	case later:
		r.StartTime = last.startUS
		if delay != nil {
			r.StartTime += *delay
		}
	case row.SessionID != "":
		r.StartTime = m.in.options.EpochUS
	default:
		return errors.New(`key "timestamp" is missing; only the turns of a session may lack it`)
	}
	r.InputTokens, r.OutputTokens = row.InputLength, row.OutputLength
	if later {
		r.ThinkTime = delay
	}
	if err := m.content(r, row, later); err != nil {
		return err
	}
	m.sessions.add(r, row.SessionID)
	return nil
}

// content gives the row its prompt: hashes, text, and what came before.
func (m *mooncake) content(r *schema.Record, row *mooncakeRow, later bool) error {
	if row.Messages != nil { // they are the whole prompt, whatever the turn
		if len(row.HashIDs) > 0 {
			m.whole++
		}
		return setBody(r, "messages", row.Messages)
	}
	if h := m.held[row.SessionID]; later && h != nil {
		switch {
		case h.tokens == nil || row.InputLength == nil:
			r.InputTokens = nil
		default:
			r.InputTokens = new(*h.tokens + *row.InputLength)
		}
		if len(row.HashIDs) > 0 {
			m.dropped++
			row.HashIDs = nil
		}
	}
	if err := checkBlocks(row.HashIDs, r.InputTokens, m.block); err != nil {
		return err
	}
	for i, id := range row.HashIDs {
		row.HashIDs[i] = m.in.globalHash(id)
	}
	setBlocks(r, row.HashIDs, m.block)
	h := &history{}
	if before := m.held[row.SessionID]; before != nil {
		h.messages = before.messages
	}
	if row.TextInput != nil {
		h.messages = append(h.messages, chatMessage{"user", *row.TextInput})
		if err := setBody(r, "messages", h.messages); err != nil {
			return err
		}
	}
	if row.SessionID != "" {
		if r.InputTokens != nil && r.OutputTokens != nil {
			h.tokens = new(*r.InputTokens + *r.OutputTokens)
		}
		m.held[row.SessionID] = h
	}
	return nil
}

func (m *mooncake) remarks() []string {
	var said []string
	if m.dropped > 0 {
		said = append(said, fmt.Sprintf("hash_ids of %s of their own text alone and were left out", term.Plural(int64(m.dropped), "later turn are", "later turns are")))
	}
	if m.whole > 0 {
		said = append(said, fmt.Sprintf("hash_ids of %s with messages were left out: the messages are the prompt", term.Plural(int64(m.whole), "row", "rows")))
	}
	return said
}

// checkBlocks checks that a prompt has as many blocks as its length says, full
// ones alone or with the partial one at its end.
func checkBlocks(hashes []int64, tokens *int64, size int64) error {
	if len(hashes) == 0 || tokens == nil {
		return nil
	}
	n, full := int64(len(hashes)), *tokens/size
	if n == full || n == (*tokens+size-1)/size {
		return nil
	}
	return term.WithHint(fmt.Errorf("%d hash_ids are not the blocks of %d tokens, which fill %d of %d", n, *tokens, full, size),
		"if its blocks have another size, --block-size says so; otherwise --skip-bad-rows counts and skips such rows")
}

// checkLengths refuses negative lengths.
func checkLengths(inputKey string, input *int64, outputKey string, output *int64) error {
	switch {
	case input != nil && *input < 0:
		return fmt.Errorf("key %q: %d is %w", inputKey, *input, errNegative)
	case output != nil && *output < 0:
		return fmt.Errorf("key %q: %d is %w", outputKey, *output, errNegative)
	}
	return nil
}
