package replay

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"metron/schema"
)

// Measure reads the arrival times and finds how many rows are selected, how
// long sending them takes, and the speed that a rate asks for. A selection without
// rows is an error. It holds no row in memory, and of sessions only the number
// of their turns, where the mode has turns wait for each other.
func (p *Plan) Measure(ctx context.Context) error {
	if p.Mode == "" {
		p.Mode = Open
	}
	if err := p.check(); err != nil {
		return err
	}
	first, ok, err := p.Trace.FirstStart()
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("trace %s has no rows: nothing to replay", p.Trace.Name())
	}
	fromUS, toUS := p.Selection.Window(first)
	p.firstUS, p.seed = max(first, fromUS), maphash.MakeSeed()
	c, err := p.count(ctx, math.MaxInt64)
	if err != nil {
		return err
	}
	p.skipped, p.turns, p.perPass, p.prompted, p.nameless = c.skipped, c.turns, c.pass.index, c.prompted, c.nameless
	switch {
	case c.pass.index == 0 && c.skipped > 0:
		return fmt.Errorf("trace %s has no rows that can be replayed%s: its %d rows there are of no known API and carry no body", p.Trace.Name(), p.selected(), p.skipped)
	case c.pass.index == 0:
		return p.nothing(ctx, first)
	}
	p.periodUS = c.pass.lengthUS(toUS)
	if err := p.pace(c); err != nil {
		return err
	}
	if err := p.total(ctx, c); err != nil {
		return err
	}
	switch {
	case p.whole == 0:
		return fmt.Errorf("no request is due within a loop of %v", p.Loop)
	case p.rows == 0:
		return fmt.Errorf("shard %s has none of the %d requests: they are of too few sessions", p.Shard, p.whole)
	}
	return p.checkPhases()
}

// pace finds the speed, and how many passes begin. Where several do, the busiest second
// may be over the end of one; it counts whole, also where the loop ends amid it.
func (p *Plan) pace(c *census) (err error) {
	if err = p.paceOf(c); err == nil && p.passes > 1 && p.Rate.peak > 0 {
		c.closest.again(p.periodUS, p.Rate.peak)
		err = p.paceOf(c)
	}
	return err
}

func (p *Plan) paceOf(c *census) (err error) {
	if p.speed = p.Speed; !p.Rate.IsZero() {
		if p.speed, err = p.Rate.speed(c.pass.index, p.periodUS, c.closest.us); err != nil {
			return err
		}
	}
	if !p.Mode.scheduled() { // answers make the pace: a pass needs no length
		p.passes = max(1, p.Loop.Times)
		return nil
	}
	p.passes, err = p.Loop.passes(p.periodUS, p.speed)
	return err
}

// census is what one pass over the trace holds.
type census struct {
	pass       pass
	mine       int64 // rows of this shard
	lastUS     int64 // offsets of the last row of all, and of this shard
	mineLastUS int64
	skipped    int64
	closest    closest
	prompted   map[string]string // as the plan keeps them
	nameless   nameless
	turns      map[uint64]int32 // of this shard's sessions that have several, where they matter
}

// count walks a pass, up to the row that is due at limitUS of the pass's own schedule.
func (p *Plan) count(ctx context.Context, limitUS int64) (*census, error) {
	c := &census{pass: pass{p: p}, prompted: map[string]string{}, turns: map[uint64]int32{}}
	for a, err := range p.arrivals(ctx, columnsOf(p.identified())) {
		if err != nil {
			return nil, err
		}
		if c.pass.full() {
			break
		}
		if !a.replayable(p) {
			c.skipped++
			continue
		}
		before := c.pass
		at, ok := c.pass.add(a.startUS(), a.identity)
		if !ok {
			continue
		}
		if at.offsetUS >= limitUS {
			c.pass = before
			break
		}
		c.lastUS = at.offsetUS
		c.model(a)
		c.closest.add(at.offsetUS, p.Rate.peak)
		if at.mine {
			c.mine, c.mineLastUS = c.mine+1, at.offsetUS
			if p.Mode.ordered() {
				c.turn(a.identity().session)
			}
		}
	}
	maps.DeleteFunc(c.turns, func(_ uint64, n int32) bool { return n < 2 })
	return c, nil
}

// nameless says which rows that have to name a model name none.
type nameless int

const (
	namelessNone nameless = iota
	namelessKept          // some whose bodies are recorded
	namelessMade          // some whose bodies are to be made
)

// model notes which one a row names.
func (c *census) model(a arrival) {
	api, model, content := a.api.Value(a.row), "", a.recorded.Value(a.row) == schema.RecordedContent
	if a.model.IsValid(a.row) {
		model = a.model.Value(a.row)
	}
	if lacking := namelessMade; model == "" && c.pass.p.needsModel(api) {
		if content {
			lacking = namelessKept
		}
		c.nameless = max(c.nameless, lacking)
	}
	if content {
		return
	}
	if known, ok := c.prompted[api]; !ok || known == "" && model != "" {
		c.prompted[strings.Clone(api)] = strings.Clone(model)
	}
}

func (c *census) turn(session string) {
	if session != "" {
		c.turns[maphash.String(c.pass.p.seed, session)]++
	}
}

// total adds the passes up, the last one counted anew where the loop's end cuts it.
func (p *Plan) total(ctx context.Context, full *census) error {
	last, passes := full, p.passes
	if p.due(passes, place{offsetUS: full.lastUS}) >= p.Loop.limitUS() {
		var err error
		if last, err = p.count(ctx, p.before(passes)); err != nil {
			return err
		}
	}
	p.rows, p.whole = mul(passes-1, full.mine)+last.mine, mul(passes-1, full.pass.index)+last.pass.index
	if !p.Mode.scheduled() {
		return nil
	}
	p.endUS = p.due(passes, place{offsetUS: last.lastUS})
	if last.pass.index == 0 {
		p.endUS = p.due(passes-1, place{offsetUS: full.lastUS})
	}
	p.lastUS = p.due(passes, place{offsetUS: last.mineLastUS})
	if last.mine == 0 {
		p.lastUS = p.due(max(1, passes-1), place{offsetUS: full.mineLastUS})
	}
	return nil
}

// before is the first offset of a pass whose rows are due when loops have
// ended, found by halving: due never falls.
func (p *Plan) before(passes int64) int64 {
	low, high := int64(0), max(1, p.periodUS)
	for low < high {
		middle := low + (high-low)/2
		if p.due(passes, place{offsetUS: middle}) >= p.Loop.limitUS() {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// nothing is the error of a selection without rows.
func (p *Plan) nothing(ctx context.Context, first int64) error {
	total, last := 0, first
	for b, err := range p.Trace.Batches(ctx, schema.Query{Columns: []string{"start_time"}}) {
		if err != nil {
			return err
		}
		total += int(b.NumRows())
		starts := b.Column(0).(*array.Timestamp)
		last = max(last, int64(starts.Value(starts.Len()-1)))
	}
	hint := "widen --from/--to/--where"
	if p.Sample > 0 {
		hint += "/--sample"
	}
	return fmt.Errorf("trace %s has no rows%s; its %d rows span %v: %s",
		p.Trace.Name(), p.selected(), total, time.Duration(last-first)*time.Microsecond, hint)
}
