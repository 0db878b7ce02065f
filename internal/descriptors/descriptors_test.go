package descriptors

import (
	"math"
	"strings"
	"testing"

	"metron/internal/term"
)

func TestCheck(t *testing.T) {
	limit, known := Limit()
	if !known {
		t.Skip("the system has no such limit")
	}
	if err := Check(1, 2, "streams", "ask for fewer"); err != nil {
		t.Error(err)
	}
	err := Check(math.MaxInt32, math.MaxInt32, "streams", "ask for fewer")
	if err == nil || !strings.Contains(err.Error(), term.Count(int64(limit))) || !strings.HasSuffix(term.Hint(err), "ask for fewer") {
		t.Errorf("got %v, hint %q", err, term.Hint(err))
	}
}
