package llmsim

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// ErrQueueFull is Submit's answer when neither batch nor queue has room.
var ErrQueueFull = errors.New("the queue is full")

// Sequence is one prompt and one answer to it. The exported fields above
// CachedTokens are set before Submit; no field changes after the last token.
type Sequence struct {
	ArrivalUS    int64    // virtual time; a step that starts earlier does not see it
	PromptTokens int      // at least 1
	OutputTokens int      // at least 1
	Blocks       []uint64 // BlockHashes of the prompt; nil where nothing is shared

	CachedTokens int // prompt tokens found in the cache, known once a token was made

	computed int // prompt tokens whose work is done, cached ones included
	started  bool
	emitted  int
}

// Emission is one token of one sequence.
type Emission struct {
	Sequence *Sequence
	Index    int  // 1 is the first
	Last     bool // the sequence has left the engine
}

// Step is one pass of the batch.
type Step struct {
	DurationUS    int64
	Emissions     []Emission // made at the step's end; valid until the next Step
	PrefillTokens int        // prompt tokens computed
	Decodes       int        // sequences that were past their prompt
}

// Engine is a continuous-batching inference engine in virtual time. Sequences
// wait in a first-in-first-out queue, join the batch between steps, have their
// prompts computed in chunks that share a step with the decodes of others, and
// make one token a step from the end of their prompt on. The same submissions
// give the same steps. It is not safe for concurrent use.
type Engine struct {
	config    EngineConfig
	rand      *rand.Rand
	cache     *prefixCache // nil: off
	queue     []*Sequence
	running   []*Sequence // in order of admission
	emissions []Emission
}

// NewEngine checks the configuration and makes an idle engine.
func NewEngine(c EngineConfig) (*Engine, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	e := &Engine{config: c, rand: rand.New(rand.NewPCG(c.Seed, mix(c.Seed)))}
	if c.CacheBlocks != 0 {
		e.cache = newPrefixCache(c.CacheBlocks)
	}
	return e, nil
}

// Submit puts sequences into the queue: all of them, or none and ErrQueueFull.
// Arrivals never run backwards from one call to the next.
func (e *Engine) Submit(sequences ...*Sequence) error {
	if c := e.config; c.MaxQueue > 0 && c.MaxBatch > 0 {
		room := c.MaxQueue + c.MaxBatch - len(e.running) - len(e.queue)
		if len(sequences) > room {
			return ErrQueueFull
		}
	}
	e.queue = append(e.queue, sequences...)
	return nil
}

// Cancel takes a sequence out, wherever it is; it makes no further token.
func (e *Engine) Cancel(s *Sequence) {
	same := func(o *Sequence) bool { return o == s }
	e.queue = slices.DeleteFunc(e.queue, same)
	e.running = slices.DeleteFunc(e.running, same)
}

// Load is how many sequences are in the batch and in the queue.
func (e *Engine) Load() (running, queued int) { return len(e.running), len(e.queue) }

// NextUS is when the next step starts if the last one ended at freeUS; false
// while there is nothing to do.
func (e *Engine) NextUS(freeUS int64) (int64, bool) {
	switch {
	case len(e.running) > 0:
		return freeUS, true
	case len(e.queue) > 0:
		return max(freeUS, e.queue[0].ArrivalUS), true
	}
	return 0, false
}

// Step runs the batch once, starting at nowUS.
func (e *Engine) Step(nowUS int64) Step {
	var step Step
	contextTokens := 0
	for _, s := range e.running {
		if s.computed == s.PromptTokens {
			step.Decodes++
			contextTokens += s.PromptTokens + s.emitted
		}
	}
	us := e.config.Cost.decodeUS(step.Decodes, contextTokens)

	// Decodes go first; prompts share what is left of the budget, oldest first.
	budget := math.MaxInt
	if e.config.StepTokens > 0 {
		budget = e.config.StepTokens - step.Decodes
	}
	for _, s := range e.running {
		us += e.prefill(s, &budget, &step)
	}
	for budget > 0 {
		s := e.admit(nowUS)
		if s == nil {
			break
		}
		us += e.prefill(s, &budget, &step)
	}

	step.DurationUS = e.jitter(us)
	step.Emissions = e.emit()
	return step
}

// admit moves the head of the queue into the batch, if there is room.
func (e *Engine) admit(nowUS int64) *Sequence {
	if len(e.queue) == 0 || e.queue[0].ArrivalUS > nowUS {
		return nil
	}
	if e.config.MaxBatch > 0 && len(e.running) >= e.config.MaxBatch {
		return nil
	}
	s := e.queue[0]
	e.queue[0] = nil
	e.queue = e.queue[1:]
	e.running = append(e.running, s)
	if e.cache != nil {
		// The last token is computed even when it is known: the first token of
		// the answer comes out of it.
		s.CachedTokens = min(e.cache.admit(s.Blocks)*e.config.blockTokens(), s.PromptTokens-1)
	}
	s.computed = s.CachedTokens
	return s
}

// prefill computes the next chunk of a prompt within the budget.
func (e *Engine) prefill(s *Sequence, budget *int, step *Step) float64 {
	n := min(*budget, s.PromptTokens-s.computed)
	if n <= 0 {
		return 0
	}
	us := e.config.Cost.prefillUS(s.computed, s.computed+n, !s.started)
	s.started = true
	s.computed += n
	*budget -= n
	step.PrefillTokens += n
	return us
}

// emit gives a token to every sequence whose prompt is done, and lets the
// finished ones go.
func (e *Engine) emit() []Emission {
	e.emissions = e.emissions[:0]
	keep := e.running[:0]
	for _, s := range e.running {
		if s.computed == s.PromptTokens {
			s.emitted++
			last := s.emitted == s.OutputTokens
			e.emissions = append(e.emissions, Emission{Sequence: s, Index: s.emitted, Last: last})
			if last {
				continue
			}
		}
		keep = append(keep, s)
	}
	clear(e.running[len(keep):])
	e.running = keep
	return e.emissions
}

// jitter makes a duration of a cost: lognormal around it, with mean 1.
func (e *Engine) jitter(us float64) int64 {
	if sigma := e.config.JitterSigma; sigma > 0 {
		us *= math.Exp(sigma*e.rand.NormFloat64() - sigma*sigma/2)
	}
	return int64(math.Round(us))
}
