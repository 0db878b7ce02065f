package importer

import (
	"errors"
	"strconv"

	"github.com/google/uuid"

	"metron/schema"
)

func bailianFormat() Format {
	return Format{
		Name:  "bailian",
		Usage: "Qwen-Bailian usage traces of Alibaba Cloud, JSON lines",
		Details: "Keys: chat_id, parent_chat_id (-1: the first of a conversation), timestamp (seconds), input_length,\n" +
			"output_length, turn, hash_ids (of blocks of 16 tokens). Each row has its whole context already. A\n" +
			"conversation is a session, named by the chat_id of its first row; a row whose parent the file does not\n" +
			"have begins one.",
		Example: "metron import bailian qwen_traceA_blksz_16.jsonl --out qwen.parquet",
		Takes:   []string{"epoch", "block-size"},
		sniff: func(h *head) string {
			return h.because(h.lines && h.has("chat_id", "parent_chat_id", "timestamp"), "it is lines of objects with chat_id and parent_chat_id")
		},
		open: openBailian,
	}
}

// bailianRow is a line as it stands.
type bailianRow struct {
	ChatID       *int64  `json:"chat_id"`
	ParentChatID *int64  `json:"parent_chat_id"`
	Timestamp    number  `json:"timestamp"` // seconds
	InputLength  *int64  `json:"input_length"`
	OutputLength *int64  `json:"output_length"`
	Turn         *int64  `json:"turn"` // from 1
	HashIDs      []int64 `json:"hash_ids"`
}

type bailian struct {
	in    *input
	ids   *rowIDs
	block int64
	chats map[int64]chat
}

// chat is a row that others may follow.
type chat struct {
	root   int64
	record uuid.UUID
	turn   int64 // from 0
}

func openBailian(in *input) (source, error) {
	block := in.options.BlockSize
	if block == 0 {
		block = 16
	}
	return &bailian{in: in, ids: newRowIDs("bailian", in), block: block, chats: map[int64]chat{}}, nil
}

func (b *bailian) next(r *schema.Record) error {
	line, err := b.in.row()
	if err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = b.ids.id(b.in.rows, line)
	var row bailianRow
	if err = decode(line, &row); err == nil {
		err = b.fill(r, &row)
	}
	if err != nil {
		return b.in.bad(err)
	}
	return nil
}

func (b *bailian) fill(r *schema.Record, row *bailianRow) error {
	if row.ChatID == nil || row.InputLength == nil || row.OutputLength == nil {
		return errors.New("chat_id, input_length or output_length is missing")
	}
	at, cut, err := row.Timestamp.scaled("timestamp", secondsToUS)
	if err == nil {
		err = checkLengths("input_length", row.InputLength, "output_length", row.OutputLength)
	}
	if err == nil {
		err = checkBlocks(row.HashIDs, row.InputLength, b.block)
	}
	if err != nil {
		return err
	}
	r.StartTime = b.in.options.EpochUS + at
	b.in.countCut(cut)
	r.InputTokens, r.OutputTokens = row.InputLength, row.OutputLength
	for i, id := range row.HashIDs {
		row.HashIDs[i] = b.in.globalHash(id)
	}
	setBlocks(r, row.HashIDs, b.block)

	now := chat{root: *row.ChatID, record: r.RecordID}
	if row.ParentChatID != nil {
		if parent, ok := b.chats[*row.ParentChatID]; ok {
			now.root, now.turn, r.ParentRecordID = parent.root, parent.turn+1, parent.record
		}
	}
	if row.Turn != nil && *row.Turn > 0 {
		now.turn = *row.Turn - 1
	}
	b.chats[*row.ChatID] = now
	r.SessionID, r.Turn = b.in.scopedName(strconv.FormatInt(now.root, 10)), &now.turn
	return nil
}
