package burstiness

// Windows counts arrivals in windows of one length, one after the other from
// the first arrival on. Set LengthUS, then add arrivals in their order.
type Windows struct {
	LengthUS int64

	begun   bool
	firstUS int64
	window  int64   // number of the one being counted
	count   int64   // of arrivals in it
	sum     int64   // of the counts of those before it
	squares float64 // of the same
}

// Add takes an arrival, not before the last one.
func (w *Windows) Add(us int64) {
	if !w.begun {
		w.begun, w.firstUS = true, us
	}
	if at := (us - w.firstUS) / w.LengthUS; at != w.window {
		w.sum += w.count
		w.squares += float64(w.count) * float64(w.count)
		w.window, w.count = at, 0 // those between are empty, and add nothing
	}
	w.count++
}

// N is the number of whole windows: the one that the last arrival is in is
// not over.
func (w *Windows) N() int64 { return w.window }

// Dispersion is the sample variance of the windows' counts over their mean;
// false where there are fewer than two windows, or nothing in them.
func (w *Windows) Dispersion() (float64, bool) {
	n := float64(w.N())
	if w.N() < 2 || w.sum == 0 {
		return 0, false
	}
	mean := float64(w.sum) / n
	return (w.squares/n - mean*mean) * n / (n - 1) / mean, true
}
