// Package descriptors holds what the system's limit of open files allows against
// what a program is about to need.
package descriptors

import (
	"fmt"

	"metron/internal/term"
)

// spare are those of files, pipes and the runtime itself.
const spare = 64

// Check sees to it that the system lets so many things be open, each of which
// takes some descriptors. remedy is what to ask less of, such as "ask for fewer
// --streams".
func Check(count, each int, things, remedy string) error {
	limit, known := Limit()
	need := uint64(each)*uint64(count) + spare
	if known && limit < need {
		return term.WithHint(fmt.Errorf("the limit of open files is %s, and %s %s at once need %s",
			term.Count(int64(limit)), term.Count(int64(count)), things, term.Count(int64(need))),
			"raise the hard limit (ulimit -Hn %d; LimitNOFILE= in a systemd unit), or %s", need, remedy)
	}
	return nil
}
