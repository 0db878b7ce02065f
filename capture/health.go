package capture

// look is done once a second: files rotate without traffic, too, and what went
// wrong may be over.
func (r *recorder) look(nowUS int64) {
	r.files.rotate(nowUS, r.reopen.Swap(false))
	if n := r.files.checkGone(); n > 0 {
		r.counts.lose(n)
	}
	var err error
	if r.files.current == nil && r.failing.Load() {
		err = r.files.begin(nowUS)
	}
	waited, stuck := r.files.waiting()
	if r.waitedUS.Store(waited.Microseconds()); err == nil {
		err = stuck
	}
	r.health(err)
}

// health passes a change between writing and not writing on.
func (r *recorder) health(err error) {
	if failing := err != nil; r.failing.Swap(failing) != failing {
		r.config.Warn(err)
	}
}

// stuckAfterUS is how long the recorder may take for a round.
const stuckAfterUS = 5e6

// recording reports whether rows reach the disk.
func (r *recorder) recording() bool {
	return !r.failing.Load() && r.clock.NowUS()-r.roundUS.Load() < stuckAfterUS
}
