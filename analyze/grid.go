package analyze

import (
	"metron/analyze/report"
	"metron/schema"
)

// grid answers many questions in one pass: for each TTFT deadline with each TBT deadline how
// many requests missed how large a share of their deadlines, to the permille. Grids of
// disjoint parts merge, and one takes the same room whatever the run.
//
// It counts as Exact or Docs does. Etalon's floats have no such ladder, and no grid.
type grid struct {
	config    *Config
	ttft, tbt []int64
	miss      []int64
	asked     report.Point

	answered, gone missCounts
	failed         int64
	leftOut        int64
	unknown        int64
	tokens         int64   // of the answered
	late, missed   []int64 // of them late, and the deadlines that they missed, by point

	decoding   int64
	decodeRate []int64 // requests by TBT deadline and permille
	fluid      []Hist  // minimum TBT deadlines with token 1 left out, by share that may be missed

	lanes []int64 // scratch: first deadlines of a request
	rungs []rung
}

// rates are the bins of a miss rate: 0 to 1000 permille.
const rates = 1001

// missCounts are requests, and their tokens, by point and miss rate. A rate falls as the first
// deadline grows, so a request enters where its rate begins and leaves where it ends, which
// is less to write than every point: the sum up to a point is what holds there.
type missCounts struct {
	requests int64
	enter    []int64 // by TBT deadline, TTFT deadline and rate
	tokens   []int64 // likewise; nil: not counted
}

func newGrid(c *Config) *grid {
	g := &grid{config: c, ttft: gridTTFT(), tbt: gridTBT(), miss: gridMiss()}
	first := c.firstDeadline()
	g.ttft, g.asked.TTFT = joined(g.ttft, first.Time.Microseconds())
	g.tbt, g.asked.TBT = joined(g.tbt, c.TBTDeadline.Microseconds())
	miss, whole := c.TargetMissRate.permille()
	if !whole {
		miss, _ = fluidMissRate().permille() // which the lattice has
	}
	g.miss, g.asked.Miss = joined(g.miss, miss)
	g.asked.Percentile = len(gridPercentiles()) - 2 // p99
	points := len(g.tbt) * len(g.ttft)
	g.answered = missCounts{enter: make([]int64, points*rates), tokens: make([]int64, points*rates)}
	g.late, g.missed = make([]int64, points), make([]int64, points)
	g.decodeRate = make([]int64, len(g.tbt)*rates)
	g.fluid = make([]Hist, len(g.miss))
	g.lanes, g.rungs = make([]int64, len(g.ttft)), make([]rung, len(g.ttft))
	return g
}

// add counts a row as an SLO does: an error misses whatever is asked, and who left
// counts once something was missed.
func (g *grid) add(r *request, s *scorer) {
	if r.whyNotMeasured() != "" {
		return
	}
	answered := r.outcome == schema.OutcomeOK
	switch {
	case !answered && r.outcome != schema.OutcomeClientAbort:
		g.failed++
		return
	case !r.streamed || r.gaps == 0:
		g.leftOut++
		return
	}
	lanes := g.enter(r, answered)
	decodes := answered && r.decodes()
	if decodes {
		g.decoding++
		g.addFluid(s)
	}
	zero := deadlineBounds(r.tokens.streams, Deadlines{DecodeOnly: true}).zero.tbt
	for i, tbt := range g.tbt {
		clear(g.rungs)
		decode := rung{}
		for _, gaps := range r.tokens.streams {
			if tbt >= zero { // nothing but the first token can be late
				gaps = gaps[:min(1, len(gaps))]
			}
			base := climb(gaps, lanes, tbt, g.rungs)
			decode.late, decode.missed = decode.late+base.late, decode.missed+base.missed
		}
		g.count(i, r, answered, g.rungs[:len(lanes)])
		if decodes {
			g.decodeRate[i*rates+rateOf(g.config.Fluidity.score(decode, r.gaps-int64(len(r.tokens.streams))))]++
		}
	}
}

// enter counts a request that has tokens, and returns its first deadlines: none where they
// depend on a prompt of unknown length.
func (g *grid) enter(r *request, answered bool) []int64 {
	switch {
	case !r.deadlines.ok:
		g.leftOut++
		return nil
	case answered:
		g.answered.requests++
		g.tokens += r.gaps
		if !r.n.ok {
			g.unknown++
		}
	default:
		g.gone.requests++
		if g.gone.enter == nil {
			g.gone.enter = make([]int64, len(g.answered.enter))
		}
	}
	for i, us := range g.ttft {
		g.lanes[i] = us + r.prefill.value // 0 where there is no model
	}
	return g.lanes
}

// count enters the rungs of a request at TBT deadline i.
func (g *grid) count(i int, r *request, answered bool, rungs []rung) {
	into, last := &g.gone, -1
	if answered {
		into = &g.answered
	}
	for j := range rungs {
		s := g.config.Fluidity.score(rungs[j], r.gaps)
		point := i*len(g.ttft) + j
		if answered {
			g.missed[point] += s.Missed
			g.late[point] += r.gaps - s.Met
		}
		rate := rateOf(s)
		if rate == last {
			continue
		}
		into.enter[point*rates+rate]++
		if last >= 0 {
			into.enter[point*rates+last]--
		}
		if into.tokens != nil {
			into.tokens[point*rates+rate] += r.n.value
			if last >= 0 {
				into.tokens[point*rates+last] -= r.n.value
			}
		}
		if last = rate; rate == 0 {
			return // and so it is with every longer deadline
		}
	}
}

// rateOf is a miss rate in permille, rounded up, so that a share is kept exactly if its
// permille is.
func rateOf(s Score) int {
	if s.Missed == 0 {
		return 0
	}
	return int((s.Missed*1000 + s.Total() - 1) / s.Total())
}

// addFluid keeps the deadline that the request needs at each share.
func (g *grid) addFluid(s *scorer) {
	guess := maybe[float64]{}
	for i, m := range g.miss {
		us, ok := s.minTBTDeadline(Deadlines{DecodeOnly: true}, Fraction{m, 1000}, guess)
		guess = attainable(us, ok)
		g.fluid[i].Add([]int64{int64(us)}) // attainable: no first token can be late
	}
}

func (g *grid) merge(o *grid) {
	g.failed, g.leftOut, g.unknown, g.decoding = g.failed+o.failed, g.leftOut+o.leftOut, g.unknown+o.unknown, g.decoding+o.decoding
	g.answered.merge(&o.answered)
	g.gone.merge(&o.gone)
	g.tokens += o.tokens
	addAll(g.late, o.late)
	addAll(g.missed, o.missed)
	addAll(g.decodeRate, o.decodeRate)
	for i := range g.fluid {
		g.fluid[i].Merge(&o.fluid[i])
	}
}

func (c *missCounts) merge(o *missCounts) {
	c.requests += o.requests
	if o.enter != nil && c.enter == nil {
		c.enter = o.enter
		return
	}
	addAll(c.enter, o.enter)
	addAll(c.tokens, o.tokens)
}

func addAll(to, from []int64) {
	for i, n := range from {
		to[i] += n
	}
}
