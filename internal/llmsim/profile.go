package llmsim

import (
	"fmt"
	"strings"
)

// profile is a named configuration.
type profile struct {
	name   string
	about  string
	config Config
}

// profiles is the table of them: a new one is one entry. The costs are of the
// order that a card of the kind shows, rounded; no card was measured.
func profiles() []profile {
	lengths := OutputLengths{MedianTokens: 189, Sigma: 0.75}
	return []profile{
		{"small-gpu", "one mid-range card with a model of 8 billion parameters", Config{
			MaxModelLen: 32768,
			Output:      lengths,
			Engine: EngineConfig{
				MaxBatch: 64, MaxQueue: 512, StepTokens: 512, BlockTokens: 16, CacheBlocks: 8192, JitterSigma: 0.05,
				Cost: Cost{
					PrefillUS: 6000, PrefillTokenUS: 60, PrefillSquareNS: 2,
					DecodeUS: 14000, DecodeSequenceUS: 60, DecodeContextTokenNS: 150,
				},
			},
		}},
		{"large-gpu", "one large card with the same model", Config{
			MaxModelLen: 131072,
			Output:      lengths,
			Engine: EngineConfig{
				MaxBatch: 256, MaxQueue: 2048, StepTokens: 2048, BlockTokens: 16, CacheBlocks: 32768, JitterSigma: 0.03,
				Cost: Cost{
					PrefillUS: 3000, PrefillTokenUS: 18, PrefillSquareNS: 0.5,
					DecodeUS: 5500, DecodeSequenceUS: 20, DecodeContextTokenNS: 40,
				},
			},
		}},
		{"instant", "no costs and no bounds: for tests and for measuring a client", Config{
			Output: lengths,
			Engine: EngineConfig{CacheBlocks: -1, BlockTokens: 16},
		}},
	}
}

// Profile returns the configuration of a name.
func Profile(name string) (Config, error) {
	for _, p := range profiles() {
		if p.name == name {
			return p.config, nil
		}
	}
	return Config{}, fmt.Errorf("unknown profile %q: there are %s", name, strings.Join(Profiles(), ", "))
}

// Profiles lists the names that Profile knows.
func Profiles() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.name)
	}
	return names
}
