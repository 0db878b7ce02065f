package importer

import (
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/google/uuid"

	"metron/schema"
)

func wekaFormat() Format {
	return Format{
		Name:  "weka",
		Usage: "WEKA agentic coding traces, one JSON object a conversation",
		Details: "Each object, alone in its file, on a line or in an array, is a conversation: id, block_size, and requests with\n" +
			"t (seconds after its start), model, in, out, hash_ids, and where they are api_time, ttft and think_time\n" +
			"(seconds). When conversations start the trace does not say: --session-starts does. Requests of a subagent\n" +
			"are a session of their own, which follows the request before it; their t counts from the conversation's start,\n" +
			"or from the subagent's where it would lie before that; one that is called again is another session, NAME#2.\n" +
			"Hash ids mean something within a conversation only, unless hash_id_scope is global. ttft is kept in\n" +
			"server_metrics: there are no times of tokens.",
		Example: "metron import weka traces/*.json --session-starts 0.2/s --out agents.parquet",
		Takes:   []string{"epoch", "session-starts"},
		sniff: func(h *head) string {
			return h.because(h.has("id", "block_size") && !h.hasAny("timestamp"), "it is objects with id, block_size and requests")
		},
		open: openWeka,
	}
}

// wekaConversation is an object as it stands.
type wekaConversation struct {
	ID        string        `json:"id"`
	BlockSize int64         `json:"block_size"`
	HashScope string        `json:"hash_id_scope"` // global: hash ids mean the same everywhere
	Requests  []wekaRequest `json:"requests"`
}

// wekaRequest is a request (type n, or s for streamed ones), or a subagent with
// requests of its own.
type wekaRequest struct {
	T         number        `json:"t"`
	Type      string        `json:"type"`
	Model     string        `json:"model"`
	In        *int64        `json:"in"`
	Out       *int64        `json:"out"`
	HashIDs   []int64       `json:"hash_ids"`
	Stop      string        `json:"stop"`
	APITime   number        `json:"api_time"`
	TTFT      number        `json:"ttft"`
	ThinkTime number        `json:"think_time"`
	AgentID   string        `json:"agent_id"`
	Requests  []wekaRequest `json:"requests"`
}

type weka struct {
	*elements
	ids    *rowIDs
	starts *starts
	names  names     // of sessions
	queue  []wekaRow // of the conversation at hand
}

// wekaRow is a request that waits for its turn, or what is wrong with it.
type wekaRow struct {
	r   schema.Record
	err error
}

func openWeka(in *input) (source, error) {
	e, err := openElements(in)
	if err != nil {
		return nil, err
	}
	return &weka{elements: e, ids: newRowIDs("weka", in), starts: in.options.starts, names: names{}}, nil
}

func (w *weka) next(r *schema.Record) error {
	for len(w.queue) == 0 {
		var c wekaConversation
		if err := w.elements.next(&c); err != nil {
			return err
		}
		if err := w.conversation(&c); err != nil {
			return err
		}
	}
	row := w.queue[0]
	w.queue = w.queue[1:]
	w.in.rows++
	*r = row.r
	return row.err
}

// conversation queues the requests of one.
func (w *weka) conversation(c *wekaConversation) error {
	if c.ID == "" || c.BlockSize < 1 {
		w.in.rows++
		return w.bad(errors.New("it is no conversation: id or block_size is missing"))
	}
	startUS, err := w.starts.next()
	if err != nil {
		return err
	}
	session := w.names.once(w.in.scopedName(c.ID))
	h := fnv.New64a()
	h.Write([]byte(session))
	t := wekaThread{w: w, c: c, scope: h.Sum64(), zeroUS: w.in.options.EpochUS + startUS, session: session}
	t.add(c.Requests)
	return nil
}

// wekaThread is a conversation, or a subagent's part of one.
type wekaThread struct {
	w       *weka
	c       *wekaConversation
	scope   uint64 // of hash ids
	zeroUS  int64  // what t counts from
	session string
	turns   int64
	before  uuid.UUID // the request before
}

func (t *wekaThread) add(requests []wekaRequest) {
	for i := range requests {
		q := &requests[i]
		if q.Type == "subagent" {
			t.subagent(q)
			continue
		}
		var row wekaRow
		if err := t.fill(&row.r, q); err != nil {
			row.err = t.w.bad(fmt.Errorf("conversation %q: request %d of %q: %w", t.c.ID, i+1, t.session, err))
		}
		t.w.queue = append(t.w.queue, row)
	}
}

// subagent adds the requests of a subagent, which goes on beside the thread.
func (t *wekaThread) subagent(q *wekaRequest) {
	inner := *t
	inner.turns, inner.session = 0, t.w.names.once(t.session+"/"+q.AgentID) // an agent may be called again
	spawn, _, err := q.T.scaled("t", secondsToUS)
	if err == nil && len(q.Requests) > 0 {
		if first, _, err := q.Requests[0].T.scaled("t", secondsToUS); err == nil && first < spawn {
			inner.zeroUS += spawn
		}
	}
	inner.add(q.Requests)
}

func (t *wekaThread) fill(r *schema.Record, q *wekaRequest) error {
	at, cut, err := q.T.scaled("t", secondsToUS)
	if err != nil {
		return err
	}
	if q.In == nil || q.Out == nil {
		return errors.New("in or out is missing")
	}
	if err := checkLengths("in", q.In, "out", q.Out); err != nil {
		return err
	}
	if err := checkBlocks(q.HashIDs, q.In, t.c.BlockSize); err != nil {
		return err
	}
	fillChat(r)
	r.RecordID = t.w.ids.id(t.w.in.rows+int64(len(t.w.queue))+1, fmt.Append(nil, t.session, q.T, *q.In, *q.Out))
	r.StartTime, r.RequestModel = t.zeroUS+at, q.Model
	r.InputTokens, r.OutputTokens = q.In, q.Out
	r.Stream = q.Type == "s"
	if r.End, err = q.APITime.span("api_time", secondsToUS); err != nil {
		return err
	}
	if r.ThinkTime, err = q.ThinkTime.span("think_time", secondsToUS); err != nil {
		return err
	}
	if q.TTFT != "" {
		r.ServerMetrics = fmt.Sprintf(`{"ttft_s":%s}`, q.TTFT)
	}
	if q.Stop != "" {
		r.FinishReasons = []string{q.Stop}
	}
	if t.c.HashScope != "global" {
		for i, id := range q.HashIDs {
			q.HashIDs[i] = mixHash(t.scope, id)
		}
	}
	setBlocks(r, q.HashIDs, t.c.BlockSize)
	r.SessionID, r.Turn, r.ParentRecordID = t.session, new(t.turns), t.before
	t.turns, t.before = t.turns+1, r.RecordID
	t.w.in.countCut(cut)
	return nil
}
