package publish

import (
	"errors"

	"metron/internal/term"
)

// openWandB refuses. What `wandb sync` reads is the log of W&B's own client, a format
// that is neither documented nor kept stable.
func openWandB(string, func(string) string) (Tracker, error) {
	return nil, term.WithHint(errors.New("metron does not write W&B's offline files: their format is private to W&B's client"),
		"the guide has five lines of Python that log the result of `metron analyze --json` with wandb")
}
