package analyze

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// ranks answers which value has a rank without walking all of them each time.
type ranks struct {
	below, above []int64
	dense        []int64
	few          []uint32
	blocks       []int64 // how many values lie in each blockValues of dense
}

const blockValues = 1024

func (h *Hist) ranks() ranks {
	r := ranks{few: h.few, dense: h.dense}
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
	if rank < int64(len(r.few)) {
		return int64(r.few[rank])
	}
	rank -= int64(len(r.few))
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
	add := func(v, c uint64) {
		total += v * c
		hi, lo := bits.Mul64(v*c, v)
		var carry uint64
		low, carry = bits.Add64(low, lo, 0)
		high += hi + carry
	}
	for v, c := range h.dense {
		add(uint64(v), uint64(c))
	}
	for _, v := range h.few {
		add(uint64(v), 1)
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
