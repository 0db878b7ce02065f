package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	mathbits "math/bits"
)

// runSlack is how many values the last bit-packed run of a stream may have
// too many: Parquet packs them by eight, some writers by a block.
const runSlack = 1 << 10

// countRuns checks that a stream of Parquet's hybrid of run lengths and packed
// bits, of numbers of width bits, has n of them, and counts those that are want.
func countRuns(data []byte, width uint, n int64, want byte) (count int64, err error) {
	left := n
	for len(data) > 0 {
		head, k := binary.Uvarint(data)
		if k <= 0 {
			return 0, errors.New("damaged run")
		}
		data = data[k:]
		run, packed := head>>1, head&1 == 1
		if run == 0 {
			continue
		}
		size := uint64(width+7) / 8
		if packed {
			if run > uint64(left+runSlack)/8 {
				return 0, fmt.Errorf("8 times %d values where %d are left; the file is damaged", run, left)
			}
			size = run * uint64(width)
		} else if run > uint64(left) {
			return 0, fmt.Errorf("%d values where %d are left; the file is damaged", run, left)
		}
		if size > uint64(len(data)) {
			return 0, errors.New("runs are cut short; the file is damaged")
		}
		values := int64(run)
		if packed {
			values = min(8*values, left)
			count += countPacked(data[:size], width, values, want)
		} else if width == 0 || data[0] == want {
			count += values
		}
		data = data[size:]
		left -= values
	}
	if left > 0 {
		return 0, fmt.Errorf("%d of %d values are missing; the file is damaged", left, n)
	}
	return count, nil
}

// countPacked counts the first n numbers that are want. Only levels are counted,
// whose numbers have at most 8 bits.
func countPacked(data []byte, width uint, n int64, want byte) (count int64) {
	switch {
	case width > 8:
		return 0
	case width == 1 && want == 1:
		for _, b := range data[:n/8] {
			count += int64(mathbits.OnesCount8(b))
		}
		if rest := n % 8; rest > 0 {
			count += int64(mathbits.OnesCount8(data[n/8] << (8 - rest)))
		}
		return count
	}
	mask := uint16(1)<<width - 1
	for i := range n {
		bit := uint64(i) * uint64(width)
		word := uint16(data[bit/8])
		if bit/8+1 < uint64(len(data)) {
			word |= uint16(data[bit/8+1]) << 8
		}
		if byte(word>>(bit%8)&mask) == want {
			count++
		}
	}
	return count
}
