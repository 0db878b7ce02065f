package llmsim

import (
	"fmt"
	"math"
	"time"
)

// EngineConfig is the step model. Its zero value has no bounds and no costs.
type EngineConfig struct {
	MaxBatch    int     // sequences computed together; 0: no bound
	MaxQueue    int     // sequences waiting beside a full batch; 0: no bound
	StepTokens  int     // tokens a step may hold, prompt chunks and decodes; 0: no bound
	BlockTokens int     // tokens of a block of the prefix cache; 0: 16
	CacheBlocks int     // blocks that the prefix cache holds; 0: off, below 0: no bound
	Cost        Cost    // how long a step takes
	JitterSigma float64 // sigma of the lognormal factor on every step
	Seed        uint64  // of the jitter
}

func (c EngineConfig) blockTokens() int {
	if c.BlockTokens == 0 {
		return 16
	}
	return c.BlockTokens
}

func (c EngineConfig) check() error {
	switch {
	case c.MaxBatch < 0 || c.MaxQueue < 0 || c.StepTokens < 0 || c.BlockTokens < 0:
		return fmt.Errorf("batch %d, queue %d, step tokens %d, block tokens %d: none may be below 0",
			c.MaxBatch, c.MaxQueue, c.StepTokens, c.BlockTokens)
	case c.MaxQueue > 0 && c.MaxBatch == 0:
		return fmt.Errorf("a queue of %d beside a batch without bound is never used: bound the batch, too", c.MaxQueue)
	case c.StepTokens > 0 && (c.MaxBatch == 0 || c.MaxBatch > c.StepTokens):
		return fmt.Errorf("a step of %d tokens cannot hold a batch of %d sequences (0: no bound): every one needs a token",
			c.StepTokens, c.MaxBatch)
	case !(c.JitterSigma >= 0 && c.JitterSigma <= 2):
		return fmt.Errorf("jitter sigma is %v, want 0 to 2", c.JitterSigma)
	}
	return c.Cost.check()
}

// Config is a simulated server. Its zero value answers at once, without
// bounds; Profile gives others.
type Config struct {
	Model           string        // name of the one model; "": metron-sim
	MaxModelLen     int           // tokens of prompt and answer together; 0: 131072
	APIKey          string        // "": none is asked for
	Seed            uint64        // of answers, lengths, faults and, where Engine.Seed is 0, of the jitter
	Engine          EngineConfig  // the step model
	Output          OutputLengths // how long an answer is that may end by itself
	Faults          Faults        // what goes wrong, and how often
	TokensPerChunk  int           // tokens gathered into one event; 0: 1
	Keepalive       time.Duration // between `: ping` comments before the first token, headers sent early; 0: off
	QueueFullStatus int           // HTTP status when the queue is full; 0: 429
}

// OutputLengths is the lognormal distribution of answers' lengths.
type OutputLengths struct {
	MedianTokens float64 // 0: 189
	Sigma        float64
}

func (o OutputLengths) check() error {
	if !(o.MedianTokens >= 0 && o.MedianTokens <= math.MaxInt32) || !(o.Sigma >= 0 && o.Sigma <= 10) {
		return fmt.Errorf("output lengths of median %v and sigma %v: want a median of 0 to 2147483647 and a sigma of 0 to 10",
			o.MedianTokens, o.Sigma)
	}
	return nil
}

// withDefaults fills in what the zero values stand for.
func (c Config) withDefaults() Config {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	if c.Model == "" {
		c.Model = "metron-sim"
	}
	if c.Output.MedianTokens == 0 {
		c.Output.MedianTokens = 189
	}
	if c.Engine.Seed == 0 {
		c.Engine.Seed = c.Seed
	}
	set(&c.MaxModelLen, 131072)
	set(&c.TokensPerChunk, 1)
	set(&c.QueueFullStatus, 429)
	set(&c.Engine.BlockTokens, c.Engine.blockTokens())
	set(&c.Faults.HTTPStatus, 500)
	if c.Faults.StallFor == 0 {
		c.Faults.StallFor = 2 * time.Second
	}
	return c
}

func (c Config) check() error {
	switch {
	case c.MaxModelLen < 2 || c.MaxModelLen > 1<<30:
		return fmt.Errorf("model length is %d tokens, want 2 to %d", c.MaxModelLen, 1<<30)
	case c.TokensPerChunk < 1:
		return fmt.Errorf("tokens per chunk is %d, want 1 or more", c.TokensPerChunk)
	case c.Keepalive < 0:
		return fmt.Errorf("keep-alive interval is %v, want 0 or more", c.Keepalive)
	case c.QueueFullStatus < 400 || c.QueueFullStatus > 599:
		return fmt.Errorf("status of a full queue is %d, want 400 to 599", c.QueueFullStatus)
	}
	for _, err := range []error{c.Engine.check(), c.Output.check(), c.Faults.check()} {
		if err != nil {
			return err
		}
	}
	return nil
}
