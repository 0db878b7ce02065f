package capacity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"metron/internal/term"
	"metron/recipe/capacity/search"
	"metron/replay"
	"metron/schema"
)

// errInvalid is the end of a search whose runs do not describe the target.
var errInvalid = term.WithStatus(term.WithHint(errors.New("twice the run was INVALID: this machine cannot send so fast, and such runs do not describe the target"),
	"a machine with more head-room, or --max-rate; --allow-invalid believes them"), term.ExitInvalid)

// make replays one run and gives its file. When ctx ends the run is cut off and set aside.
func (b *bench) make(ctx context.Context, plan search.Plan, show func(*replay.Runner)) (string, error) {
	for tries := 0; ; tries++ {
		path, s, err := b.replay(ctx, plan, show)
		if err != nil {
			return "", err
		}
		if err := b.rest(ctx); err != nil {
			return "", err
		}
		if s.Verdict == nil || s.Verdict.Status != schema.VerdictInvalid || b.invalid {
			return path, nil
		}
		if err := b.store.setAside(path); err != nil {
			return "", err
		}
		if tries == 1 {
			return "", errInvalid
		}
		b.logf("%s: the run at %s requests/s is INVALID, and made again", b.build, number(plan.Rate))
	}
}

// rest lets the target be for a while. All our requests are answered or cut off by then,
// and the trial requests before the next run wait for what it still does.
func (b *bench) rest(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(b.coolDown):
		return nil
	}
}

func (b *bench) replay(ctx context.Context, plan search.Plan, show func(*replay.Runner)) (path string, s *replay.Summary, err error) {
	r, err := replay.FromFlags(b.flags)
	if err != nil {
		return "", nil, err
	}
	st := stamp{Build: b.build, Workload: b.name, Key: b.key, Rate: plan.Rate, Requests: plan.Requests,
		WarmupS: plan.WarmupS, CooldownS: plan.CooldownS, Seed: plan.Seed}
	for path = filepath.Join(b.store.runs(), st.name()); exists(path); path = filepath.Join(b.store.runs(), st.name()) {
		st.Seed++ // a run like any other, and not one that is there
	}
	done, err := b.load.fill(ctx, r.Plan, st)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if r.Plan.Rate, err = replay.ParseMeanRate(number(plan.Rate)); err != nil {
		return "", nil, err
	}
	r.Plan.Warmup, r.Plan.Cooldown = replay.Extent{Time: seconds(plan.WarmupS)}, replay.Extent{Time: seconds(plan.CooldownS)}
	// Prompts of an earlier run, such as one that was INVALID or of another folder, stand in the
	// server's cache: each has its own.
	if err := r.UsePrompts(uint64(rand.Uint32()), b.prompters); err != nil {
		return "", nil, err
	}
	w := watch{run: r, plan: plan}
	r.Out = func(m schema.Meta) (*schema.Writer, error) {
		w.footer = func(stopped string) json.RawMessage {
			st.Stopped = stopped
			return st.footer(r.Settings(b.flags))
		}
		m.Config = w.footer("")
		w.out, err = schema.Create(path, m)
		return w.out, err
	}
	show(r)
	s, err = w.whole(ctx)
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("the run at %s requests/s: %w", number(plan.Rate), err)
	case w.stopped == interrupted:
		return "", nil, errors.Join(b.store.setAside(path), ctx.Err())
	case s.StoppedOnErrors > 0:
		return "", nil, errors.Join(b.store.setAside(path), fmt.Errorf("the run at %s requests/s: %d failures in a row", number(plan.Rate), s.StoppedOnErrors))
	case s.Outcomes[schema.OutcomeOK] == 0:
		return "", nil, errors.Join(b.store.setAside(path), fmt.Errorf("the run at %s requests/s: no request succeeded: %s", number(plan.Rate), usual(s.Errors)))
	}
	return path, s, nil
}

// usual is the most frequent of some errors.
func usual(errs map[string]int64) string {
	most := ""
	for _, e := range slices.Sorted(maps.Keys(errs)) {
		if errs[e] > errs[most] {
			most = e
		}
	}
	return fmt.Sprintf("%d x %s", errs[most], most)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// How often the requests in flight are counted, and how often they are judged.
const (
	countEvery = 100 * time.Millisecond
	judgeEvery = 20 // counts
)

// watch is a run that is stopped where it is hopeless, or when the person wants it.
type watch struct {
	run  *replay.Runner
	plan search.Plan

	out     *schema.Writer
	footer  func(stopped string) json.RawMessage
	stopped string
}

// whole runs it to its end. What is written of a run that was stopped says so.
func (w *watch) whole(ctx context.Context) (*replay.Summary, error) {
	own, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		w.stopped = w.until(ctx, ended)
		if w.stopped != "" && w.run.Live().Sent > 0 {
			w.out.SetMeta(func(m *schema.Meta) { m.Config = w.footer(w.stopped) })
		}
		if w.stopped != "" {
			stop()
		}
	}()
	s, err := w.run.Run(own)
	close(ended)
	<-gone
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = ctx.Err()
	}
	return s, err
}

// until waits for the end of the run, or for a reason to stop it.
func (w *watch) until(ctx context.Context, ended <-chan struct{}) string {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	began := time.Now()
	var seen []search.Progress
	for {
		select {
		case <-ended:
			return ""
		case <-ctx.Done():
			return interrupted
		case <-tick.C:
		}
		live := w.run.Live()
		if live.Sent == 0 || live.Sent == w.run.Plan.Rows() { // not yet, or it drains
			continue
		}
		seen = append(seen, search.Progress{AtUS: time.Since(began).Microseconds(), Sent: live.Sent, Done: live.Done})
		if w.plan.Abort && len(seen)%judgeEvery == 0 && search.Hopeless(seen) {
			return hopeless
		}
	}
}
