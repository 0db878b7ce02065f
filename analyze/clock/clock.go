package clock

import "math"

// finestUS is how long a bin is to begin with: 1/64 s. Doubled again and again it becomes
// whole seconds, which read well on an axis.
const finestUS = 15_625

// Clock counts a T in each bin of time. All bins have one width, which doubles where there
// would be too many of them. Times are us since the Unix epoch.
type Clock[T any] struct {
	Origin int64 // from where bins are numbered
	Width  int64 // of a bin
	First  int64 // number of Bins[0], which begins at Origin + First*Width
	Bins   []T

	most int
	join func(to, from *T)
}

// New is a clock of at most so many bins, one of which begins at origin; join adds what one
// counted to another, whose zero value has counted nothing.
func New[T any](origin int64, most int, join func(to, from *T)) *Clock[T] {
	return &Clock[T]{Origin: Clamp(origin), Width: finestUS, most: most, join: join}
}

// Clamp keeps moments that cannot be from overflowing.
func Clamp(us int64) int64 { return max(math.MinInt64/8, min(us, math.MaxInt64/8)) }

// At is the bin of a moment, to be used before another one is asked for.
func (c *Clock[T]) At(us int64) *T {
	if i := c.Index(us); uint64(i) < uint64(len(c.Bins)) {
		return &c.Bins[i]
	}
	c.Cover(us, us)
	return &c.Bins[c.Index(us)]
}

// Span is At, and from when to when that bin lasts.
func (c *Clock[T]) Span(us int64) (bin *T, from, to int64) {
	bin = c.At(us)
	from = c.Starts(c.Index(us))
	return bin, from, from + c.Width
}

// Index is where the bin of a moment stands in Bins, or would stand.
func (c *Clock[T]) Index(us int64) int { return int(c.number(us) - c.First) }

// Starts is when the bin at an index begins; the next one begins when it ends.
func (c *Clock[T]) Starts(index int) int64 { return c.Origin + (c.First+int64(index))*c.Width }

func (c *Clock[T]) number(us int64) int64 { return Floor(Clamp(us)-c.Origin, c.Width) }

// Floor is the quotient of two integers, the second one positive, rounded down.
func Floor(a, by int64) int64 {
	q := a / by
	if a%by < 0 {
		q--
	}
	return q
}

// Cover makes the bins from one moment to another, wider ones where there would be too many.
func (c *Clock[T]) Cover(from, to int64) {
	first, last := c.number(from), c.number(to)
	for {
		if n := int64(len(c.Bins)); n > 0 {
			first, last = min(first, c.First), max(last, c.First+n-1)
		} else {
			c.First = first
		}
		if last-first < int64(c.most) {
			break
		}
		c.widen()
		first, last = c.number(from), c.number(to)
	}
	if first < c.First {
		c.Bins = append(make([]T, c.First-first, c.most), c.Bins...)
		c.First = first
	}
	if more := int(last-first) + 1 - len(c.Bins); more > 0 {
		c.Bins = append(c.Bins, make([]T, more)...)
	}
}

// widen makes one bin of two.
func (c *Clock[T]) widen() {
	old, first := c.Bins, c.First
	c.Bins, c.First, c.Width = nil, Floor(first, 2), 2*c.Width
	for i := range old {
		at := int(Floor(first+int64(i), 2) - c.First)
		if at == len(c.Bins) {
			var none T
			c.Bins = append(c.Bins, none)
		}
		c.join(&c.Bins[at], &old[i])
	}
}

// Merge adds what o counted, a clock of the same origin, which is given up.
func (c *Clock[T]) Merge(o *Clock[T]) {
	if len(o.Bins) == 0 {
		return
	}
	for c.Width < o.Width {
		c.widen()
	}
	c.Cover(o.Starts(0), o.Starts(len(o.Bins))-1)
	for o.Width < c.Width {
		o.widen()
	}
	for i := range o.Bins {
		c.join(&c.Bins[o.First+int64(i)-c.First], &o.Bins[i])
	}
}
