package analyze

import (
	"iter"
	"math/bits"
	"slices"
)

// denseValues is how many values from 0 up Hist counts one by one: a little more
// than a second of microseconds.
const denseValues = 1 << 20

// Hist holds integers by counting how often each occurred, so that percentiles
// of any number of token gaps are exact in a few megabytes. Where the values are
// too few to pay for the counters they are kept one by one, so that ten thousand
// Hists of small groups stay small. Hists of disjoint parts merge into the Hist of
// the whole. The zero value is ready to use.
//
// Note: a sketch would be smaller and would err; LIMITS.md has counting at five
// times the speed of one besides.
type Hist struct {
	count    int64
	dense    []int64  // dense[v] values were v
	few      []uint32 // the values from len(dense) up to denseValues
	enough   int      // so many few may pay for counters
	outliers []int64  // all the others
	sorted   bool     // few and outliers are in order
}

// Add counts the values.
func (h *Hist) Add(values []int64) {
	h.count += int64(len(values))
	dense := h.dense
	for _, v := range values {
		if uint64(v) < uint64(len(dense)) {
			dense[v]++
			continue
		}
		h.keep(v)
	}
	h.settle()
}

// keep keeps a value that no counter is for.
func (h *Hist) keep(v int64) {
	h.sorted = false
	if uint64(v) < denseValues {
		h.few = append(h.few, uint32(v))
	} else {
		h.outliers = append(h.outliers, v)
	}
}

// leastDense is the smallest number of counters.
const leastDense = 1024

// settle makes as many counters as take the least room, if there are enough few to
// have a look: a power of two of 8 bytes, and 4 for each value above.
func (h *Hist) settle() {
	if len(h.few) < max(h.enough, 2*leastDense) {
		return
	}
	var byLen [33]int
	for _, v := range h.few {
		byLen[bits.Len32(v)]++
	}
	best, above := len(h.dense), len(h.few)
	least := 8*best + 4*above
	for n := range bits.Len32(denseValues) {
		above -= byLen[n]
		size := 1 << n
		if room := 8*size + 4*above; size >= max(leastDense, len(h.dense)) && room < least {
			best, least = size, room
		}
	}
	h.grow(best)
	h.enough = 2*len(h.few) + 2*leastDense
}

// grow makes so many counters, and counts the few that they are for.
func (h *Hist) grow(size int) {
	if size <= len(h.dense) {
		return
	}
	h.dense = append(h.dense, make([]int64, size-len(h.dense))...)
	few := h.few
	h.few = nil
	h.keepAll(few)
}

// keepAll keeps values that were few, in no more room than they take.
func (h *Hist) keepAll(few []uint32) {
	h.sorted = false
	more := 0
	for _, v := range few {
		if int(v) >= len(h.dense) {
			more++
		}
	}
	if len(h.few)+more > cap(h.few) {
		h.few = append(make([]uint32, 0, len(h.few)+more), h.few...)
	}
	for _, v := range few {
		if int(v) < len(h.dense) {
			h.dense[v]++
		} else {
			h.few = append(h.few, v)
		}
	}
}

// Merge counts all that o counted.
func (h *Hist) Merge(o *Hist) {
	h.count += o.count
	h.grow(len(o.dense))
	for v, c := range o.dense {
		h.dense[v] += c
	}
	h.keepAll(o.few)
	h.outliers = append(h.outliers, o.outliers...)
	h.settle()
}

func (h *Hist) clone() *Hist {
	o := *h
	o.dense, o.few, o.outliers = slices.Clone(h.dense), slices.Clone(h.few), slices.Clone(h.outliers)
	return &o
}

// Count is how many values there are.
func (h *Hist) Count() int64 { return h.count }

// All yields each value that occurred, smallest first, and how often. One that was
// kept and not counted is yielded as often as it occurred.
func (h *Hist) All() iter.Seq2[int64, int64] {
	below, above := h.split()
	return func(yield func(value, count int64) bool) {
		for _, v := range below {
			if !yield(v, 1) {
				return
			}
		}
		for v, c := range h.dense {
			if c > 0 && !yield(int64(v), c) {
				return
			}
		}
		for _, v := range h.few {
			if !yield(int64(v), 1) {
				return
			}
		}
		for _, v := range above {
			if !yield(v, 1) {
				return
			}
		}
	}
}

// split sorts what is not counted, and returns the outliers below and above.
func (h *Hist) split() (below, above []int64) {
	if !h.sorted {
		slices.Sort(h.few)
		slices.Sort(h.outliers)
		h.sorted = true
	}
	cut, _ := slices.BinarySearch(h.outliers, 0)
	return h.outliers[:cut], h.outliers[cut:]
}
