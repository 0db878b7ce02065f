package analyze

import (
	"iter"
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// denseValues is how many values from 0 up Hist counts one by one: a little more
// than a second of microseconds.
const denseValues = 1 << 20

// Hist holds integers by counting how often each occurred, so that percentiles
// of any number of token gaps are exact in a few megabytes. Hists of disjoint
// parts merge into the Hist of the whole. The zero value is ready to use.
//
// Note: a sketch would be smaller and would err; LIMITS.md has counting at five
// times the speed of one besides.
type Hist struct {
	count    int64
	dense    []int64 // dense[v] values were v; grown by need
	outliers []int64 // all the others
	sorted   bool    // outliers are in order
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
		h.addRare(v)
		dense = h.dense
	}
}

func (h *Hist) addRare(v int64) {
	if uint64(v) >= denseValues {
		h.outliers = append(h.outliers, v)
		h.sorted = false
		return
	}
	h.grow(v)
	h.dense[v]++
}

// grow makes room to count v, by powers of two.
func (h *Hist) grow(v int64) {
	size := max(1024, 1<<bits.Len64(uint64(v)))
	h.dense = append(h.dense, make([]int64, size-len(h.dense))...)
}

// Merge counts all that o counted.
func (h *Hist) Merge(o *Hist) {
	h.count += o.count
	if len(o.dense) > len(h.dense) {
		h.grow(int64(len(o.dense) - 1))
	}
	for v, c := range o.dense {
		h.dense[v] += c
	}
	h.outliers = append(h.outliers, o.outliers...)
	h.sorted = false
}

// Count is how many values there are.
func (h *Hist) Count() int64 { return h.count }

// All yields each value that occurred, smallest first, and how often. An outlier
// that occurred twice may be yielded twice.
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
		for _, v := range above {
			if !yield(v, 1) {
				return
			}
		}
	}
}

// split returns the outliers below and above the dense values, in order.
func (h *Hist) split() (below, above []int64) {
	if !h.sorted {
		slices.Sort(h.outliers)
		h.sorted = true
	}
	cut, _ := slices.BinarySearch(h.outliers, 0)
	return h.outliers[:cut], h.outliers[cut:]
}

// ranks answers which value has a rank without walking all of them each time.
type ranks struct {
	below, above []int64
	dense        []int64
	blocks       []int64 // how many values lie in each blockValues of dense
}

const blockValues = 1024

func (h *Hist) ranks() ranks {
	r := ranks{dense: h.dense}
	r.below, r.above = h.split()
	for block := range slices.Chunk(h.dense, blockValues) {
		n := int64(0)
		for _, c := range block {
			n += c
		}
		r.blocks = append(r.blocks, n)
	}
	return r
}

// at returns the value of a rank from 0.
func (r *ranks) at(rank int64) int64 {
	if rank < int64(len(r.below)) {
		return r.below[rank]
	}
	rank -= int64(len(r.below))
	for i, n := range r.blocks {
		if rank >= n {
			rank -= n
			continue
		}
		v := i * blockValues
		for ; rank >= r.dense[v]; v++ {
			rank -= r.dense[v]
		}
		return int64(v)
	}
	return r.above[rank]
}

// Summary describes the values divided by scale.
func (h *Hist) Summary(m Method, scale float64) Summary {
	index := h.ranks()
	s := percentiles(m, h.count, func(rank int64) float64 { return float64(index.at(rank)) / scale })
	if h.count == 0 {
		return s
	}
	sum, squares := h.moments()
	n := big.NewInt(h.count)
	s.Mean = finite(quotient(sum, n) / scale)
	if h.count > 1 {
		// (n * sum of squares - square of the sum) / (n * (n-1)), exact up to the division.
		top := new(big.Int).Mul(n, squares)
		top.Sub(top, new(big.Int).Mul(sum, sum))
		bottom := new(big.Int).Mul(n, big.NewInt(h.count-1))
		s.Stddev = finite(math.Sqrt(quotient(top, bottom)) / scale)
	}
	return s
}

// moments returns the sum of the values and of their squares, exactly.
func (h *Hist) moments() (sum, squares *big.Int) {
	// Of dense values a product with its count stays below 2^63, and the squares
	// below 2^127.
	var total, high, low uint64
	for v, c := range h.dense {
		product := uint64(v) * uint64(c)
		total += product
		hi, lo := bits.Mul64(product, uint64(v))
		var carry uint64
		low, carry = bits.Add64(low, lo, 0)
		high += hi + carry
	}
	sum = new(big.Int).SetUint64(total)
	squares = new(big.Int).SetUint64(high)
	squares.Lsh(squares, 64).Add(squares, new(big.Int).SetUint64(low))
	for _, v := range h.outliers {
		part := big.NewInt(v)
		sum.Add(sum, part)
		squares.Add(squares, part.Mul(part, part))
	}
	return sum, squares
}

// quotient is the float64 nearest to a/b.
func quotient(a, b *big.Int) float64 {
	f, _ := new(big.Rat).SetFrac(a, b).Float64()
	return f
}
