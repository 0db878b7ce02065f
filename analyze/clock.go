package analyze

// clock counts something in bins of time, all of one length that doubles where there would be
// too many: a run of any length fits. Bins begin at multiples of their length since the
// Unix epoch, so that clocks of disjoint parts merge into the clock of the whole, bit for bit.
type clock[T any] struct {
	most  int // bins
	join  func(to, from *T)
	shift uint  // a bin is clockUnitUS << shift long
	first int64 // number of the first bin
	bins  []T
}

// clockUnitUS is the shortest bin: a second is a whole number of each that is shorter.
const clockUnitUS = 15_625

func (c *clock[T]) stepUS() int64 { return clockUnitUS << c.shift }

// at is the bin of a moment, and from when to when it lasts. It stays good until the next one
// is asked for.
func (c *clock[T]) at(us int64) (bin *T, from, to int64) {
	i := binOf(us, c.stepUS())
	for {
		low, high := i, i
		if len(c.bins) > 0 {
			low, high = min(c.first, i), max(c.first+int64(len(c.bins))-1, i)
		}
		if high-low < int64(c.most) {
			break
		}
		c.coarsen()
		i = binOf(us, c.stepUS())
	}
	switch {
	case len(c.bins) == 0:
		c.first = i
	case i < c.first:
		c.bins = append(make([]T, c.first-i, c.most), c.bins...)
		c.first = i
	}
	for c.first+int64(len(c.bins)) <= i {
		var none T
		c.bins = append(c.bins, none)
	}
	return &c.bins[i-c.first], i * c.stepUS(), (i + 1) * c.stepUS()
}

// coarsen makes one bin of two.
func (c *clock[T]) coarsen() {
	old, first := c.bins, c.first
	c.shift++
	c.bins, c.first = nil, binOf(first, 2)
	for i := range old {
		for c.first+int64(len(c.bins)) <= binOf(first+int64(i), 2) {
			var none T
			c.bins = append(c.bins, none)
		}
		c.join(&c.bins[len(c.bins)-1], &old[i])
	}
}

// merge adds what o counted, which is given up.
func (c *clock[T]) merge(o *clock[T]) {
	for c.shift < o.shift {
		c.coarsen()
	}
	for o.shift < c.shift {
		o.coarsen()
	}
	for i := range o.bins { // one may make both coarser, and the next still find their place
		bin, _, _ := c.at((o.first + int64(i)) * o.stepUS())
		c.join(bin, &o.bins[i])
	}
}

// binOf is the number of the bin of a length that a moment is in, before 0, too.
func binOf(us, length int64) int64 {
	i := us / length
	if us%length < 0 {
		i--
	}
	return i
}
