package term

import (
	"fmt"
	"os"
)

// Apart refuses an --out that is one of the files to read: what is made of them
// would replace it.
func Apart(out string, reads ...string) error {
	there, err := os.Stat(out)
	if err != nil {
		return nil // creating it says what is wrong with it
	}
	for _, path := range reads {
		if one, err := os.Stat(path); err == nil && os.SameFile(one, there) {
			return WithHint(fmt.Errorf("--out %q is one of the files to read", out), "choose a name outside of what is read")
		}
	}
	return nil
}
