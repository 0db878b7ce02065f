package linked

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
)

// Counts counts integers in buckets whose width grows with the value, so that the middle
// of a bucket is at most RelativeError off each value in it. Values below 2*bucketsPerOctave
// have a bucket each; above, every octave is cut into bucketsPerOctave of the same width.
// The zero value is ready to use.
//
// Note: buckets by a logarithm would be a little fewer; these need integer arithmetic
// alone, so that a page and this package cannot disagree on a bound.
type Counts struct {
	first int     // the bucket of n[0]
	n     []int64 // how many values lie in each bucket from there on
}

const (
	octaveBits       = 5
	bucketsPerOctave = 1 << octaveBits
	// RelativeError is half a bucket over its lower bound, at most.
	RelativeError = 1.0 / (2 * bucketsPerOctave)
)

// BucketOf is where a value is counted. What lies below 0, times that a clock set back
// made, counts as 0.
func BucketOf(v int64) int {
	v = max(0, v)
	shift := max(0, bits.Len64(uint64(v))-octaveBits-1)
	return shift<<octaveBits + int(v>>shift)
}

// Bounds are the smallest and the largest value of a bucket.
func Bounds(bucket int) (low, high int64) {
	shift := max(0, bucket>>octaveBits-1)
	low = int64(bucket-shift<<octaveBits) << shift
	return low, low + 1<<shift - 1
}

// Add counts one value.
func (c *Counts) Add(v int64) { c.add(BucketOf(v), 1) }

func (c *Counts) add(bucket int, times int64) {
	if len(c.n) == 0 {
		c.first = bucket
	}
	if bucket < c.first {
		c.n = append(make([]int64, c.first-bucket), c.n...)
		c.first = bucket
	}
	for c.first+len(c.n) <= bucket {
		c.n = append(c.n, 0)
	}
	c.n[bucket-c.first] += times
}

// Merge counts all that o counted.
func (c *Counts) Merge(o *Counts) {
	for i, times := range o.n {
		if times > 0 {
			c.add(o.first+i, times)
		}
	}
}

// Count is how many values there are.
func (c *Counts) Count() (sum int64) {
	for _, times := range c.n {
		sum += times
	}
	return sum
}

// At is the middle of the bucket that holds the value of a rank from 0.
func (c *Counts) At(rank int64) float64 {
	for i, times := range c.n {
		if rank < times {
			low, high := Bounds(c.first + i)
			return float64(low)/2 + float64(high)/2
		}
		rank -= times
	}
	panic(fmt.Sprintf("linked: rank %d is beyond %d values", rank, c.Count()))
}

// MarshalJSON writes the first bucket, then how many values each from there on holds; -n
// stands for n empty ones.
func (c Counts) MarshalJSON() ([]byte, error) {
	if len(c.n) == 0 {
		return []byte("[]"), nil
	}
	b := append([]byte{'['}, strconv.Itoa(c.first)...)
	for i := 0; i < len(c.n); {
		value, run := c.n[i], 1
		for value == 0 && i+run < len(c.n) && c.n[i+run] == 0 {
			run++
		}
		if value == 0 {
			value = -int64(run)
		}
		b = strconv.AppendInt(append(b, ','), value, 10)
		i += run
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Counts) UnmarshalJSON(text []byte) error {
	*c = Counts{}
	var numbers []int64
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&numbers); err != nil || len(numbers) == 0 {
		return err
	}
	c.first = int(numbers[0])
	for _, v := range numbers[1:] {
		if v < 0 {
			c.n = append(c.n, make([]int64, min(-v, maxBuckets))...)
		} else {
			c.n = append(c.n, v)
		}
	}
	return nil
}

// maxBuckets is how many buckets an int64 can be in.
const maxBuckets = (64 - octaveBits) << octaveBits
