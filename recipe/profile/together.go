package profile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"metron/analyze/prefill"
	"metron/internal/term"
)

// Together measures each length of a model again, so many prompts at once, as often as
// repeat says, and adds what it finds to the model.
func (t *Target) Together(ctx context.Context, m *prefill.Model, users, repeat int) error {
	m.Together = users
	for i := range m.Lengths {
		l := &m.Lengths[i]
		t.Doing = fmt.Sprintf("%d prompts of %s tokens at once", users, term.Count(l.Tokens))
		r, err := t.send(ctx, slices.Repeat([]int64{l.Tokens}, users*repeat), users)
		if err = errors.Join(err, r.interrupt()); err != nil {
			return err
		}
		var times []int64
		for _, p := range told(r.samples) {
			times = append(times, p.US)
		}
		if len(times) == 0 {
			continue
		}
		slices.Sort(times)
		l.TogetherUS = &times[(len(times)-1)/2]
		t.together = append(t.together, r.path)
	}
	return nil
}
