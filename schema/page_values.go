package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	mathbits "math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// checkValues checks that the rest of body makes as many values as are stored.
func (p *pageCheck) checkValues(e format.Encoding, body *pageBody, stored int64) error {
	left := body.left()
	switch e {
	case format.Plain, format.ByteStreamSplit:
		if p.kind == parquet.Boolean && left < (stored+7)/8 || left < stored*p.word() {
			return fmt.Errorf("%d values in %d bytes; the file is damaged", stored, left)
		}
		return nil
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		data, err := body.peek(min(left, 3*binary.MaxVarintLen64))
		if err != nil {
			return err
		}
		return checkDelta(data, stored)
	//lint:ignore SA1019 older writers still name the encoding so, and their files must read
	case format.RLEDictionary, format.PlainDictionary:
		if !p.dict {
			return errors.New("words of a dictionary that is not there; the file is damaged")
		}
		if left == 0 {
			return checkCount(0, stored)
		}
		data, err := body.take(left)
		if err != nil {
			return err
		}
		if data[0] > 32 {
			return fmt.Errorf("words of %d bits; the file is damaged", data[0])
		}
		_, err = countRuns(data[1:], uint(data[0]), stored, 0)
		return err
	case format.RLE:
		data, err := body.take(left)
		if err != nil {
			return err
		}
		if p.kind != parquet.Boolean || left < 4 || int64(binary.LittleEndian.Uint32(data)) > left-4 {
			return errors.New("damaged run-length encoding")
		}
		_, err = countRuns(data[4:][:binary.LittleEndian.Uint32(data)], 1, stored, 0)
		return err
	}
	return fmt.Errorf("values encoded as %v, which is not read", e)
}

// checkDelta checks the head of delta-encoded numbers.
func checkDelta(data []byte, stored int64) error {
	var head [3]uint64 // block size, mini-blocks, values
	for i := range head {
		n := 0
		if head[i], n = binary.Uvarint(data); n <= 0 {
			return errors.New("damaged delta encoding")
		}
		data = data[n:]
	}
	return checkCount(head[2], stored)
}

func checkCount(got uint64, want int64) error {
	if got != uint64(want) {
		return fmt.Errorf("%d values where %d should be; the file is damaged", got, want)
	}
	return nil
}

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
