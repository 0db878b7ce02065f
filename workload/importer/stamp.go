package importer

import (
	"errors"
	"time"
)

// stamp is a moment as a source wrote it.
type stamp struct {
	us    int64 // since the Unix epoch, UTC
	zoned bool  // it named its zone; otherwise it is taken for UTC
	finer bool  // it had digits below a microsecond, which us lacks
}

var errStamp = errors.New("not a time like 2024-05-10T00:00:00.009930Z")

// parseStamp reads "2023-11-16 18:17:03.9799600" and RFC 3339: a date, a space
// or T, a time with up to nine decimals or none, and Z, an offset or nothing.
//
// All of it is integer arithmetic. Digits below a microsecond are cut off, not
// rounded: order is kept and no time moves into the next second.
// Note: time.Parse wants one layout a call, and files mix two.
func parseStamp(text []byte) (stamp, error) {
	p := stampParser{rest: text}
	year, month, day := p.number(4), p.sep("-").number(2), p.sep("-").number(2)
	hour, minute, second := p.sep(" Tt").number(2), p.sep(":").number(2), p.sep(":").number(2)
	micros, finer := p.fraction()
	offset, zoned := p.zone()
	if p.bad || len(p.rest) > 0 || hour > 23 || minute > 59 || second > 59 {
		return stamp{}, errStamp
	}
	date := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if date.Day() != day || date.Month() != time.Month(month) { // time.Date takes February 30 for March 1 or 2
		return stamp{}, errStamp
	}
	return stamp{us: (date.Unix()-int64(offset))*1e6 + int64(micros), zoned: zoned, finer: finer}, nil
}

// stampParser eats a stamp from the left; bad once something did not fit.
type stampParser struct {
	rest []byte
	bad  bool
}

// peek is the next byte, 0 at the end.
func (p *stampParser) peek() byte {
	if len(p.rest) == 0 {
		return 0
	}
	return p.rest[0]
}

// sep eats one byte that is any of those in set.
func (p *stampParser) sep(set string) *stampParser {
	for i := range len(set) {
		if p.peek() == set[i] {
			p.rest = p.rest[1:]
			return p
		}
	}
	p.bad = true
	return p
}

// number eats exactly n digits.
func (p *stampParser) number(n int) int {
	v := 0
	for range n {
		c := p.peek()
		if c < '0' || c > '9' {
			p.bad = true
			return 0
		}
		v = v*10 + int(c-'0')
		p.rest = p.rest[1:]
	}
	return v
}

// fraction eats "." and one to nine digits, if there is a ".".
func (p *stampParser) fraction() (micros int, finer bool) {
	if p.peek() != '.' {
		return 0, false
	}
	p.rest = p.rest[1:]
	digits := 0
	for ; '0' <= p.peek() && p.peek() <= '9'; digits++ {
		switch d := int(p.peek() - '0'); {
		case digits < 6:
			micros = micros*10 + d
		case d != 0:
			finer = true
		}
		p.rest = p.rest[1:]
	}
	p.bad = p.bad || digits < 1 || digits > 9
	for ; digits < 6; digits++ {
		micros *= 10
	}
	return micros, finer
}

// zone eats Z or an offset like +02:00, if one is there; the offset is in seconds.
func (p *stampParser) zone() (offset int, zoned bool) {
	switch c := p.peek(); c {
	case 0:
		return 0, false
	case 'Z', 'z':
		p.rest = p.rest[1:]
		return 0, true
	default:
		p.sep("+-")
		hours, minutes := p.number(2), p.sep(":").number(2)
		p.bad = p.bad || hours > 23 || minutes > 59
		offset = hours*3600 + minutes*60
		if c == '-' {
			offset = -offset
		}
		return offset, true
	}
}
