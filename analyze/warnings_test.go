package analyze

import (
	"slices"
	"testing"
)

// TestFileWarnings: a capture that left traffic out, or keeps less than it was to,
// says so.
func TestFileWarnings(t *testing.T) {
	for _, test := range []struct {
		name string
		file FileInfo
		want []string
	}{
		{"all of the traffic", FileInfo{sampled: 1}, nil},
		{"a share of it", FileInfo{sampled: 0.1}, []string{"sampled"}},
		{"some could not be recorded", FileInfo{lost: 3}, []string{"not_recorded"}},
		{"some keep less", FileInfo{lesser: 1}, []string{"degraded"}},
	} {
		c := Config{}.fill()
		r := &Result{Files: []FileInfo{test.file}}
		var got []string
		for _, w := range r.warn(newTally(&c, 0)) {
			if slices.Contains([]string{"sampled", "not_recorded", "degraded"}, w.Code) {
				got = append(got, w.Code)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
