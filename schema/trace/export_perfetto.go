package trace

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"metron/schema"
)

// perfetto writes Chrome trace events: a lane for each request that is in flight
// at once, in it the request with its wait, prefill and decode, and a mark for
// each token; beside the lanes counters of requests in flight and tokens a second.
type perfetto struct {
	w       io.Writer
	export  *Export
	begun   bool
	firstUS int64
	free    lanes // by when they are free
	lanes   int
	ends    times           // of requests in flight
	tokens  map[int64]int64 // of each second
}

func newPerfetto(w io.Writer, e *Export) exporter {
	return &perfetto{w: w, export: e, tokens: map[int64]int64{}}
}

// event is a Chrome trace event; times are us after the first row.
type event struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	TS    int64          `json:"ts"`
	Dur   *int64         `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Scope string         `json:"s,omitempty"`
	Color string         `json:"cname,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

func (p *perfetto) put(r *schema.Record) error {
	if !p.begun {
		p.begun, p.firstUS = true, r.StartTime
		if _, err := io.WriteString(p.w, `{"displayTimeUnit":"ms","traceEvents":[`); err != nil {
			return err
		}
		if err := p.write(event{Name: "process_name", Phase: "M", PID: 1, Args: map[string]any{"name": "requests"}}, true); err != nil {
			return err
		}
	}
	start := r.StartTime - p.firstUS
	span := spanOf(r)
	lane, fresh := p.lane(start, start+span.end)
	if fresh {
		name := event{Name: "thread_name", Phase: "M", PID: 1, TID: lane, Args: map[string]any{"name": fmt.Sprintf("lane %d", lane)}}
		if err := p.write(name, false); err != nil {
			return err
		}
	}
	if err := p.inFlight(start, start+span.end); err != nil {
		return err
	}
	for _, e := range p.request(r, span, start, lane) {
		if err := p.write(e, false); err != nil {
			return err
		}
	}
	return nil
}

// span is when the parts of a request end, us after its start_time.
type span struct {
	sent, first, last, end int64
	streamed               bool // first and last are known
	tokens                 int64
}

func spanOf(r *schema.Record) span {
	var s span
	if r.Dispatched != nil {
		s.sent = max(0, *r.Dispatched)
	}
	for i, us := range r.ChunkTime {
		n := int64(1)
		if len(r.ChunkTokens) > 0 {
			n = int64(r.ChunkTokens[i])
		}
		if r.ChunkKind[i] > schema.KindRefusal || n == 0 {
			continue
		}
		if !s.streamed {
			s.streamed, s.first = true, us
		}
		s.last = us
		s.tokens += n
	}
	s.end = max(s.sent, s.last)
	if r.End != nil {
		s.end = max(s.end, *r.End)
	}
	return s
}

// request gives the events of a row; slices that begin earlier stand first.
func (p *perfetto) request(r *schema.Record, s span, start int64, lane int) []event {
	slice := func(name string, from, to int64) event {
		return event{Name: name, Phase: "X", TS: start + from, Dur: new(to - from), PID: 1, TID: lane}
	}
	whole := slice(name(r), 0, s.end)
	whole.Args = map[string]any{"record_id": r.RecordID, "outcome": r.Outcome}
	if r.Outcome != schema.OutcomeOK {
		whole.Color = "terrible"
	}
	if r.InputTokens != nil {
		whole.Args["input_tokens"] = *r.InputTokens
	}
	if s.streamed {
		whole.Args["tokens"], whole.Args["ttft_ms"] = s.tokens, float64(s.first-s.sent)/1000
	} else if r.OutputTokens != nil {
		whole.Args["tokens"] = *r.OutputTokens
	}
	events := []event{whole}
	if s.sent > 0 {
		events = append(events, slice("wait", 0, s.sent))
	}
	if !s.streamed {
		return events
	}
	if s.first >= s.sent {
		events = append(events, slice("prefill", s.sent, s.first))
	}
	events = append(events, slice("decode", max(s.first, s.sent), max(s.last, s.sent)))
	for i, us := range r.ChunkTime {
		n := int64(1)
		if len(r.ChunkTokens) > 0 {
			n = int64(r.ChunkTokens[i])
		}
		if r.ChunkKind[i] > schema.KindRefusal || n == 0 {
			continue
		}
		p.tokens[(start+us)/1_000_000] += n
		if !p.export.NoTokens {
			events = append(events, event{Name: schema.Kinds()[r.ChunkKind[i]], Phase: "i", Scope: "t", TS: start + us, PID: 1, TID: lane})
		}
	}
	return events
}

func name(r *schema.Record) string {
	if r.RequestModel != "" {
		return r.RequestModel
	}
	return r.API
}

// lane gives the lane that has been free longest, or a fresh one.
func (p *perfetto) lane(start, end int64) (lane int, fresh bool) {
	if len(p.free) > 0 && p.free[0].until <= start {
		lane = p.free[0].number
		p.free[0].until = end
		heap.Fix(&p.free, 0)
		return lane, false
	}
	p.lanes++
	heap.Push(&p.free, busy{p.lanes, end})
	return p.lanes, true
}

// inFlight counts a request in, and those out that ended before it.
func (p *perfetto) inFlight(start, end int64) error {
	for len(p.ends) > 0 && p.ends[0] <= start {
		at := heap.Pop(&p.ends).(int64)
		if err := p.count("in flight", at, int64(len(p.ends))); err != nil {
			return err
		}
	}
	heap.Push(&p.ends, end)
	return p.count("in flight", start, int64(len(p.ends)))
}

func (p *perfetto) count(what string, at, n int64) error {
	return p.write(event{Name: what, Phase: "C", TS: at, PID: 1, Args: map[string]any{"n": n}}, false)
}

func (p *perfetto) close() error {
	for len(p.ends) > 0 {
		at := heap.Pop(&p.ends).(int64)
		if err := p.count("in flight", at, int64(len(p.ends))); err != nil {
			return err
		}
	}
	next := int64(-1)
	for _, second := range slices.Sorted(maps.Keys(p.tokens)) {
		if next >= 0 && next < second { // a quiet second says so
			if err := p.count("tokens/s", next*1_000_000, 0); err != nil {
				return err
			}
		}
		if err := p.count("tokens/s", second*1_000_000, p.tokens[second]); err != nil {
			return err
		}
		next = second + 1
	}
	if next >= 0 {
		if err := p.count("tokens/s", next*1_000_000, 0); err != nil {
			return err
		}
	}
	_, err := io.WriteString(p.w, "\n]}\n")
	return err
}

func (p *perfetto) write(e event, first bool) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	between := ",\n"
	if first {
		between = "\n"
	}
	_, err = fmt.Fprintf(p.w, "%s%s", between, text)
	return err
}

// busy is a lane and when it is free again.
type busy struct {
	number int
	until  int64
}

// lanes is a heap by that time, then by number.
type lanes []busy

func (l lanes) Len() int { return len(l) }
func (l lanes) Less(i, j int) bool {
	return l[i].until < l[j].until || l[i].until == l[j].until && l[i].number < l[j].number
}
func (l lanes) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *lanes) Push(x any)   { *l = append(*l, x.(busy)) }
func (l *lanes) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// times is a heap of moments.
type times []int64

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i] < t[j] }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *times) Push(x any)        { *t = append(*t, x.(int64)) }
func (t *times) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}
