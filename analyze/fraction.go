package analyze

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Fraction is a share between 0 and 1 written in decimals, kept as integers so
// that comparing a count with it is exact: 0.1 is 1/10, which no float64 is.
type Fraction struct {
	Num, Den int64
}

// maxDecimals keeps Den within what a product of counts may carry.
const maxDecimals = 9

// ParseFraction reads a decimal number from 0 to 1, such as "0.1".
func ParseFraction(s string) (Fraction, error) {
	whole, decimals, _ := strings.Cut(s, ".")
	digits := whole + decimals
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return Fraction{}, fmt.Errorf("%q is not a decimal number from 0 to 1", s)
	}
	decimals = strings.TrimRight(decimals, "0")
	if len(decimals) > maxDecimals {
		return Fraction{}, fmt.Errorf("%q has more than %d decimals", s, maxDecimals)
	}
	f := Fraction{Den: 1}
	for range decimals {
		f.Den *= 10
	}
	num, err := strconv.ParseInt(whole+decimals, 10, 64)
	if whole == "" && decimals == "" {
		num, err = 0, nil
	}
	if err != nil || num > f.Den {
		return Fraction{}, fmt.Errorf("%q is not a decimal number from 0 to 1", s)
	}
	f.Num = num
	return f, nil
}

// Float returns the nearest float64.
func (f Fraction) Float() float64 { return float64(f.Num) / float64(f.Den) }

// String writes the fraction as the decimal number it came from.
func (f Fraction) String() string { return strconv.FormatFloat(f.Float(), 'f', -1, 64) }

// Holds reports whether part/whole <= f for part, whole >= 0. No part of nothing
// is too large: 0/0 holds.
func (f Fraction) Holds(part, whole int64) bool {
	return productAtMost(part, f.Den, f.Num, whole)
}

// productAtMost reports whether a*b <= c*d, of numbers that are at least 0 and
// whose products need not fit.
func productAtMost(a, b, c, d int64) bool {
	leftHi, leftLo := bits.Mul64(uint64(a), uint64(b))
	rightHi, rightLo := bits.Mul64(uint64(c), uint64(d))
	return leftHi < rightHi || leftHi == rightHi && leftLo <= rightLo
}
