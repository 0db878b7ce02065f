package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shortest is where a ladder begins: short enough to show what a prompt costs beside its
// tokens.
const shortest = 16

// Ladder is the powers of two from 16 up to max, and max itself.
func Ladder(most int64) (lengths []int64) {
	for n := int64(shortest); n < most; n *= 2 {
		lengths = append(lengths, n)
	}
	return append(lengths, most)
}

// maxLength is more than any prompt.
const maxLength = 16 << 20

// ParseLengths reads 256,512,1k,64k: k is 1,024.
func ParseLengths(text string) (lengths []int64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		digits, thousands := strings.CutSuffix(strings.TrimSpace(part), "k")
		unit := int64(1)
		if thousands {
			unit = 1024
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 1 || n > maxLength/unit {
			return nil, fmt.Errorf("%q is no number of tokens such as 512 or 32k", part)
		}
		n *= unit
		lengths = append(lengths, n)
	}
	slices.Sort(lengths)
	if lengths = slices.Compact(lengths); len(lengths) < 3 {
		return nil, fmt.Errorf("a curve needs three different lengths, %q has %d", text, len(lengths))
	}
	return lengths, nil
}
