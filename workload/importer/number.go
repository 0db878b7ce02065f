package importer

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

var (
	errNumber   = errors.New("not a number")
	errTooLarge = errors.New("too large")
)

// Powers of ten between the unit of a source and ours.
const (
	secondsToUS = 6
	millisToUS  = 3
	secondsToNS = 9
	millisToNS  = 6
)

// scaled reads a decimal number, as JSON or CSV writes it, times ten to the
// power: 61.114 seconds are 61114000 us. It is exact, since no float is in
// between; what is finer than the unit is cut off, and cut says so.
func scaled(text []byte, power int) (n int64, cut bool, err error) {
	rest := text
	negative := len(rest) > 0 && rest[0] == '-'
	if negative {
		rest = rest[1:]
	}
	mantissa, exponent := rest, 0
	if i := bytes.IndexAny(rest, "eE"); i >= 0 {
		mantissa = rest[:i]
		if exponent, err = strconv.Atoi(string(rest[i+1:])); err != nil || exponent < -999 || exponent > 999 {
			return 0, false, errNumber
		}
	}
	whole, fraction, point := bytes.Cut(mantissa, []byte{'.'})
	if len(whole) == 0 || point && len(fraction) == 0 {
		return 0, false, errNumber
	}
	keep := len(whole) + exponent + power // digits that are left of our unit's point
	digits := 0
	add := func(d int64) error {
		if n > (math.MaxInt64-d)/10 {
			return errTooLarge
		}
		n = n*10 + d
		return nil
	}
	for _, part := range [][]byte{whole, fraction} {
		for _, c := range part {
			if c < '0' || c > '9' {
				return 0, false, errNumber
			}
			if digits < keep {
				if err := add(int64(c - '0')); err != nil {
					return 0, false, err
				}
			} else if c != '0' {
				cut = true
			}
			digits++
		}
	}
	for ; digits < keep && n > 0; digits++ {
		if err := add(0); err != nil {
			return 0, false, err
		}
	}
	if negative {
		n = -n
	}
	return n, cut, nil
}
