package generate

import (
	"math/rand/v2"

	"metron/internal/term"
)

// names are drawn by their weights: models or tenants.
type names struct {
	names   []string
	weights *weights
	src     *rand.Rand
}

func openMix(flag, text string, streams streams) (names, error) {
	list, w, err := parseMix(text)
	if err != nil {
		return names{}, term.Usagef("%s: %w", flag, err)
	}
	return names{list, w, rand.New(streams.of(flag))}, nil
}

// draw gives the place of a name.
func (n names) draw() int { return int(n.weights.draw(n.src)) }
