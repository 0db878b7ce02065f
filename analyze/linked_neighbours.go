package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"metron/schema"
)

// neighboursKept is how many neighbours of a request are named; the others are counted.
const neighboursKept = 20

// Neighbour is a request that waited for its first token while another was answered.
// Times are microseconds after the other's send.
type Neighbour struct {
	RecordID    string `json:"record_id"` // its first eight digits: a name to look for
	SentUS      int64  `json:"sent_us"`
	FirstUS     int64  `json:"first_us"`
	InputTokens *int64 `json:"input_tokens"`

	startUS int64 // makes their order total
}

// compare orders them from the longest prompt to the shortest, then by the time they took.
func (n *Neighbour) compare(o *Neighbour) int {
	length := func(n *Neighbour) int64 {
		if n.InputTokens == nil {
			return -1
		}
		return *n.InputTokens
	}
	return cmp.Or(cmp.Compare(length(o), length(n)), cmp.Compare(o.FirstUS-o.SentUS, n.FirstUS-n.SentUS),
		cmp.Compare(n.startUS, o.startUS), cmp.Compare(n.RecordID, o.RecordID))
}

// answering is the time that one of the worst requests took.
type answering struct {
	from, to int64 // us since the Unix epoch
	longest  int64 // the latest to of those that begin no later
	request  *TailRequest
}

// readNeighbours finds who was prefilled while each of the worst requests was answered:
// which those are is known only when all rows were read. Every row of the files can be a
// neighbour, whatever was selected: the server did not know.
func readNeighbours(ctx context.Context, a *schema.Archive, c *Config, requests []TailRequest) error {
	if len(requests) == 0 {
		return nil
	}
	var worst []answering
	for i := range requests {
		r := &requests[i]
		r.Prefills = []Neighbour{}
		from := c.origin + r.StartUS + r.SentUS
		worst = append(worst, answering{from: from, to: from + r.E2EUS, request: r})
	}
	slices.SortStableFunc(worst, func(a, b answering) int { return cmp.Compare(a.from, b.from) })
	for i := range worst {
		worst[i].longest = worst[i].to
		if i > 0 {
			worst[i].longest = max(worst[i].longest, worst[i-1].longest)
		}
	}
	columns := []string{"record_id", "start_time", "api", "stream", "input_tokens", "dispatched", "chunk_time", "chunk_kind", "chunk_tokens"}
	end := min(worst[len(worst)-1].longest-c.origin, math.MaxInt64/int64(time.Microsecond)) // a clock may have gone mad
	before := schema.Selection{To: schema.Offset(time.Duration(end) * time.Microsecond)}    // who starts later waits later
	for b, err := range c.scan(ctx, a, schema.Query{Columns: columns, Selection: before}) {
		if err != nil {
			return err
		}
		v, err := newView(b)
		if err != nil {
			return fmt.Errorf("analyze %q: %w", b.File.Path(), err)
		}
		for i := range v.rows {
			var r row
			if err := v.row(i, &r); err != nil {
				return fmt.Errorf("analyze %q: row %d: %w", b.File.Path(), b.Row(i)+1, err)
			}
			addNeighbour(worst, &r)
		}
	}
	return nil
}

// addNeighbour gives a row to those that were answered while it was prefilled.
func addNeighbour(worst []answering, r *row) {
	first, ok := firstTokenOf(r)
	if !ok || !r.stream {
		return
	}
	sent := r.startTime + r.dispatched.value
	first += r.startTime
	// Who began no later than its first token, and of those, who had not ended when it was sent.
	for i := sort.Search(len(worst), func(i int) bool { return worst[i].from >= first }) - 1; i >= 0 && worst[i].longest > sent; i-- {
		w := &worst[i]
		if w.to <= sent || w.request.RecordID == r.recordID.String() {
			continue
		}
		w.request.PrefillsTotal++
		n := Neighbour{RecordID: r.recordID.String()[:8], SentUS: sent - w.from, FirstUS: first - w.from, InputTokens: pointer(r.inputTokens), startUS: r.startTime}
		kept := w.request.Prefills
		if len(kept) == neighboursKept && n.compare(&kept[neighboursKept-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(kept, n, func(a, b Neighbour) int { return a.compare(&b) })
		kept = slices.Insert(kept, at, n)
		w.request.Prefills = kept[:min(neighboursKept, len(kept))]
	}
}

// firstTokenOf is when the first token of a row came, after its start.
func firstTokenOf(r *row) (at int64, ok bool) {
	known := carriesTokens(r)
	for j, kind := range r.chunkKind {
		if isToken(kind) && (!known || r.chunkTokens[j] > 0) {
			return r.chunkTime[j], true
		}
	}
	return 0, false
}
