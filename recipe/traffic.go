package recipe

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"metron/schema"
)

// traffic is a stretch of production-style load: Poisson arrivals whose rate
// swells and ebbs, prompts and answers with lognormal lengths, one prompt in
// twelve very long. The same seed gives the same rows.
type traffic struct {
	Seed     uint64
	Duration time.Duration
	RatePerS float64 // mean
}

// rows yields the arrivals, starting at zero.
func (t traffic) rows(yield func(*schema.Record) error) error {
	rng := rand.New(rand.NewPCG(t.Seed, 0x6d6574726f6e))
	for at := time.Duration(0); ; {
		// Thinning: draw at the peak rate, keep in proportion to the rate there.
		at += time.Duration(rng.ExpFloat64() / (1.8 * t.RatePerS) * float64(time.Second))
		if at >= t.Duration {
			return nil
		}
		phase := 2 * math.Pi * float64(at) / float64(t.Duration)
		if rng.Float64()*1.8 > 1+0.8*math.Sin(2*phase) {
			continue
		}
		prompt := lognormal(rng, 500, 0.8, 16, 4000)
		if rng.IntN(12) == 0 {
			prompt = lognormal(rng, 6000, 0.3, 4000, 12000)
		}
		row := &schema.Record{
			RecordID:  t.id(rng),
			StartTime: at.Microseconds(),
			Phase:     schema.PhaseMeasure,
			API:       schema.APIChat, Method: "POST", Path: "/v1/chat/completions", Stream: true, ChoiceCount: 1,
			InputTokens: new(prompt), OutputTokens: new(lognormal(rng, 130, 0.6, 4, 300)),
			TokenSource: schema.TokenSourceTrace, Outcome: schema.OutcomeOK, Recorded: schema.RecordedLengths,
		}
		if err := yield(row); err != nil {
			return err
		}
	}
}

// id draws a random (version 4) UUID from the seeded source.
func (t traffic) id(rng *rand.Rand) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

func lognormal(rng *rand.Rand, median, sigma float64, low, high int64) int64 {
	v := int64(math.Round(median * math.Exp(sigma*rng.NormFloat64())))
	return min(max(v, low), high)
}
