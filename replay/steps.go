package replay

import (
	"cmp"
	"slices"
	"sort"

	"metron/schema"
)

// mostSteps bounds what a verdict holds of a long run: two minutes second by
// second, longer ones in steps of 2, 4, 8 s and so on.
const mostSteps = 120

// steps adds up what happened in each step of a run. The zero value is ready.
type steps struct {
	lengthS int64
	list    []period
}

// period is one of them but for what the sends themselves say.
type period struct {
	counts schema.Sender
	load   load
}

func (s *period) add(o period) {
	c := &s.counts
	c.Shed += o.counts.Shed
	c.NewConnections += o.counts.NewConnections
	c.Chunks += o.counts.Chunks
	c.CoalescedChunks += o.counts.CoalescedChunks
	c.LengthMismatches += o.counts.LengthMismatches
	s.load.add(o.load)
}

// at adds to the step of a moment, us after the beginning of the schedule; what
// was before it is of the first step.
func (s *steps) at(us int64, o period) {
	s.lengthS = max(s.lengthS, 1)
	i := max(us, 0) / (s.lengthS * 1e6)
	for ; i >= mostSteps; i /= 2 {
		s.coarsen()
	}
	for int64(len(s.list)) <= i {
		s.list = append(s.list, period{})
	}
	s.list[i].add(o)
}

// coarsen makes one step of two.
func (s *steps) coarsen() {
	s.lengthS *= 2
	for i := range s.list {
		if i%2 == 0 {
			s.list[i/2] = s.list[i]
		} else {
			s.list[i/2].add(s.list[i])
		}
	}
	s.list = s.list[:(len(s.list)+1)/2]
}

// describe puts the whole and the steps into the verdict on sends, which are in
// order of their due moments; those count from zeroUS.
func (s *steps) describe(v *schema.Verdict, sends []sent, zeroUS int64) {
	if len(sends) > 0 { // the last step that anything was due in is there
		s.at(sends[len(sends)-1].dueUS-zeroUS, period{})
	}
	var whole period
	v.StepS = s.lengthS
	all := sends
	for i, one := range s.list {
		whole.add(one)
		endUS := zeroUS + int64(i+1)*s.lengthS*1e6
		n := sort.Search(len(sends), func(j int) bool { return sends[j].dueUS >= endUS })
		v.Steps = append(v.Steps, one.sender(sends[:n]))
		sends = sends[n:]
	}
	w := whole.sender(all)
	v.Whole = &w
}

// sender is the step with what its sends say.
func (s *period) sender(sends []sent) schema.Sender {
	c := s.counts
	c.Requests = int64(len(sends))
	c.SendLag, c.GapError = spread(lagsOf(sends)), spread(gapErrors(sends))
	for _, r := range sends {
		if r.lagUS > validLagUS {
			c.Late++
		}
	}
	s.load.fill(&c)
	return c
}

// inOrder sorts sends by their due moments.
func inOrder(sends []sent) []sent {
	slices.SortFunc(sends, func(a, b sent) int { return cmp.Or(cmp.Compare(a.dueUS, b.dueUS), cmp.Compare(a.lagUS, b.lagUS)) })
	return sends
}
